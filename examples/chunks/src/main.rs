//! A text compressed in parallel chunks that together are one gzip file.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brawn::lambda::{self, LambdaEvent};
use brawn::{Budget, Error, Result};
use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};

/// Gzip looks back 32 KB: chunks of 128 KB lose 1 or 2 % to starting afresh, those of 1 KB would double the result.
const CHUNK: usize = 128 << 10;

#[derive(Deserialize)]
struct Request {
    text: String,
    #[serde(default = "usual_chunk")]
    chunk_bytes: usize,
}

fn usual_chunk() -> usize {
    CHUNK
}

#[derive(Debug, Serialize)]
struct Response {
    bytes_in: usize,
    chunks: usize,
    /// A file of one gzip member for each chunk (RFC 1952, 2.2), which every gunzip reads; in base64.
    gzip: String,
}

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    let Request { text, chunk_bytes } = event.payload;
    if chunk_bytes == 0 {
        return Err(Error::invalid_input("`chunk_bytes` is 0, and chunks have at least one byte"));
    }
    brawn::compute(move |budget| {
        let members = compress_in_chunks(text.as_bytes(), chunk_bytes, budget)?;
        let chunks = members.len();
        Ok(Response { bytes_in: text.len(), chunks, gzip: STANDARD.encode(members.concat()) })
    })
    .await?
}

fn compress_in_chunks(data: &[u8], size: usize, budget: &Budget) -> Result<Vec<Vec<u8>>> {
    if data.is_empty() {
        // A file of no members is no gzip file.
        return Ok(vec![compress_chunk(data)?]);
    }
    budget.par_chunks(data, size).try_map(compress_chunk).collect()
}

fn compress_chunk(chunk: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(chunk)
        .and_then(|()| encoder.finish())
        .map_err(|error| Error::out_of_memory("a chunk could not be compressed").with_source(error))
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use examples_testing::{event, refuses, replies};
    use flate2::read::MultiGzDecoder;
    use serde_json::json;
    use std::io::Read;

    #[tokio::test]
    async fn the_event_gives_the_reply() {
        replies(env!("CARGO_MANIFEST_DIR"), handler).await;
    }

    async fn there_and_back(text: &str, chunk_bytes: usize) -> (String, Response) {
        let event = event(json!({ "text": text, "chunk_bytes": chunk_bytes }));
        let reply = handler(event).await.expect("a reply");
        let bytes = STANDARD.decode(&reply.gzip).expect("base64");
        let mut back = String::new();
        MultiGzDecoder::new(&*bytes).read_to_string(&mut back).expect("gzip");
        (back, reply)
    }

    #[tokio::test]
    async fn what_is_unpacked_is_what_was_packed() {
        let long = "Async at the edges, sync in the middle. ".repeat(20_000);
        for (text, size, chunks) in [
            ("", 8, 1),
            ("a", 8, 1),
            ("12345678", 8, 1),
            ("123456789", 8, 2),
            // The border falls into the middle of a character: chunks are of bytes.
            ("äöüß", 3, 3),
            (long.as_str(), CHUNK, 7),
        ] {
            let (back, reply) = there_and_back(text, size).await;
            assert!(back == text, "{size}: {} bytes came back", back.len());
            assert_eq!((reply.bytes_in, reply.chunks), (text.len(), chunks));
        }
    }

    #[tokio::test]
    async fn chunks_of_nothing_are_refused() {
        let error = refuses(handler, json!({ "text": "a", "chunk_bytes": 0 })).await;
        assert!(error.is_rejection(), "{error}");
    }
}
