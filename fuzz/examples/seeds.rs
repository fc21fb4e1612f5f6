//! Writes the first inputs of each target into `corpus/`, by brawn's own encoders: small, whole and right.

use std::fs;
use std::path::Path;

use brawn_core::{Budget, Job, MemorySink, Source};
use brawn_jobs::encrypt::{EncryptJob, Options};
// What is instrumented for a fuzzer needs it to be linked.
use libfuzzer_sys as _;
use serde_json::json;

fn made(job: &dyn Job, mut plain: &[u8]) -> Vec<u8> {
    let mut sink = MemorySink::default();
    job.run(Source::reader("a", &mut plain), &mut sink, &Budget::unlimited()).expect("it is made");
    sink.outputs.pop().expect("an output").bytes
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), bytes)).expect("written");
}

fn main() {
    let words = "a small text, a small text of small words; ".repeat(20);
    let plains: [(&str, &[u8]); 3] =
        [("empty", b""), ("short", b"hello"), ("words", words.as_bytes())];
    for (name, plain) in plains {
        for format in ["gzip", "bgzf", "zstd", "lz4"] {
            let job = brawn_fuzz::job(json!({"job": "compress", "format": format}));
            write(format, name, &made(&*job, plain));
        }
        for armor in [false, true] {
            let options = Options { armor, ..Options::default() };
            let job = EncryptJob::with_recipients(options, vec![Box::new(brawn_fuzz::key())])
                .expect("a recipient")
                .with_known_key([7; 16], [9; 16]);
            write("age", &format!("{name}-{armor}"), &made(&job, plain));
        }
    }
    write("csv", "plain", b"id,name,value\n1,a,2.5\n2,\"b, \"\"c\"\"\",-1e3\n3,,\n");
    write("csv", "tabs", b"a\tb\r\n1\t2024-05-06\r\n2\ttrue\r\n");
    write("csv", "uneven", b"a;b\n1;2;3\n\"open\n4\n");
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    write("sums", "plain", format!("{digest}  a b\n{digest} *c\n").as_bytes());
    write("sums", "tagged", format!("SHA256 (a (1)) = {digest}\n").as_bytes());
    write("sums", "of-parts", b"ETAG (a) = 612f5cb1e3fb16a7599212e4ca24185a-3\nX-AMZ-CHECKSUM-CRC32 (a) = JqXFmA==-3\n");
    write("sums", "escaped", format!("\\{digest}  a\\nb\\\\c\n").as_bytes());
}
