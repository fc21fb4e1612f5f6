//! What is stored in S3 has a checksum, and what is read is held to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use brawn_core::{ErrorKind, ItemReport, Status};
use brawn_edge::{Destination, Flow, Stores};
use brawn_testing::{Fault, Kept, S3Server};
use crc_fast::CrcAlgorithm;

use crate::s3::copies;
use crate::streams::{content, turns};
use crate::support::{Copy, QUICK, address, files, flow, place, run, stores_of, write};

/// Within the first request, a little more than it, and several parts of a read.
const SIZES: [usize; 4] = [9, 256 << 10, (256 << 10) + 1, 9 << 20];

/// A job that takes objects whole, and one that streams.
fn flows(stores: &Stores) -> [Flow; 2] {
    let to = || Destination::folder(place("s3://outbox/out"));
    [flow(Copy::default(), stores.clone(), to()), turns(stores.clone(), to())]
}

async fn report(flow: &Flow, key: &str) -> ItemReport {
    let (_, mut outcomes) = run(flow, &[place(format!("s3://inbox/{key}"))]).await;
    outcomes.remove(0).report
}

fn keep(server: &S3Server, header: &'static str, value: impl Into<String>, parts: &[usize]) {
    let parts = parts.iter().map(|size| *size as u64).collect();
    server.keep("/inbox/a.bin", Kept { header, value: value.into(), parts, etag: None });
}

/// Puts `inbox/a.bin`. The server keeps what it was given; of parts it computes none, as S3 does.
async fn put(server: &S3Server, stores: &Stores, bytes: &[u8]) {
    let object = address("s3://inbox/a.bin");
    stores.put(&object, bytes.to_vec().into(), "application/x-a").await.expect("stored");
    if bytes.len() >= 16 << 20 {
        let sum = crc_fast::checksum(CrcAlgorithm::Crc64Nvme, bytes);
        keep(server, "x-amz-checksum-crc64nvme", BASE64.encode(sum.to_be_bytes()), &[]);
    }
}

fn crc32(bytes: &[u8]) -> [u8; 4] {
    (crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, bytes) as u32).to_be_bytes()
}

/// Parts of `part` bytes, the last with what is left.
fn equal(size: usize, part: usize) -> Vec<usize> {
    (0..size).step_by(part).map(|start| part.min(size - start)).collect()
}

/// The checksum of the checksums of parts, as S3 writes it.
fn composite(mut bytes: &[u8], parts: &[usize]) -> String {
    let mut sums = Vec::new();
    for part in parts {
        let (this, rest) = bytes.split_at(*part);
        sums.extend(crc32(this));
        bytes = rest;
    }
    format!("{}-{}", BASE64.encode(crc32(&sums)), parts.len())
}

#[tokio::test]
async fn what_is_stored_has_a_checksum_unless_it_is_not_wanted() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "123456789");
    write(&server.bucket("inbox"), "large.bin", vec![7; 17 << 20]);
    let sources = [place("s3://inbox/")];
    let (summary, outcomes) = run(&copies(&server), &sources).await;
    assert_eq!(summary.ok, 2, "{outcomes:?}");
    let seen = server.take_seen();
    let puts: Vec<_> = seen.iter().filter(|seen| seen.method == "PUT").collect();
    let sum = |seen: &brawn_testing::Seen| {
        seen.header("x-amz-checksum-crc64nvme").map(str::to_owned).expect("a checksum")
    };
    // The check value of CRC-64/NVME, `ae8b14860a799888`.
    let small = puts.iter().find(|put| put.path.ends_with("/a.out")).expect("stored");
    assert_eq!(sum(small), "rosUhgp5mIg=");
    let parts: Vec<_> = puts.iter().filter(|put| put.path.contains("large")).collect();
    assert_eq!(parts.len(), 3, "two parts of 8 MiB and the rest");
    assert!(parts.iter().all(|part| sum(part).len() == 12));
    let mut variables = server.variables();
    variables.push(("AWS_REQUEST_CHECKSUM_CALCULATION".to_owned(), "WHEN_REQUIRED".to_owned()));
    let stores = Stores::from_variables(variables).with_retry(QUICK);
    let plain = flow(Copy::default(), stores, Destination::folder(place("s3://outbox/thumbs")));
    let (summary, _) = run(&plain, &[place("s3://inbox/a.txt")]).await;
    assert_eq!(summary.ok, 1);
    let seen = server.take_seen();
    let put = seen.iter().find(|seen| seen.method == "PUT").expect("stored");
    assert_eq!(put.header("x-amz-checksum-crc64nvme"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_is_verified_when_it_is_read() {
    let server = S3Server::start();
    let stores = stores_of(&server);
    for size in SIZES.into_iter().chain([16 << 20]) {
        let bytes = content(size);
        put(&server, &stores, &bytes).await;
        assert_eq!(stores.get(&place("s3://inbox/a.bin")).await.expect("read"), bytes);
        for flow in flows(&stores) {
            let report = report(&flow, "a.bin").await;
            assert_eq!(report.status, Status::Ok, "{report:?}");
            assert_eq!(report.verified, Some("crc64nvme"), "{size}");
        }
    }
    let seen = server.take_seen();
    let asked = seen.iter().filter(|seen| seen.header("x-amz-checksum-mode").is_some());
    for one in asked.clone() {
        assert_eq!(
            (one.method.as_str(), one.header("x-amz-checksum-mode")),
            ("HEAD", Some("ENABLED"))
        );
        let signed = one.header("authorization").expect("signed");
        assert!(signed.contains("x-amz-checksum-mode"), "{signed}");
    }
    assert_eq!(asked.count(), 3 * (SIZES.len() + 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_is_an_error_and_no_output() {
    let server = S3Server::start();
    let stores = stores_of(&server);
    for size in SIZES {
        let bytes = content(size);
        put(&server, &stores, &bytes).await;
        for at in [0, size / 2, size - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            write(&server.bucket("inbox"), "a.bin", &damaged);
            for flow in flows(&stores) {
                let report = report(&flow, "a.bin").await;
                assert_eq!(report.status, Status::Failed, "{size}, {at}: {report:?}");
                let reason = report.reason.expect("failed");
                assert!(
                    reason.contains(
                        "`s3://inbox/a.bin` did not arrive as it is stored: its crc64nvme is"
                    ),
                    "{reason}"
                );
                assert_eq!((report.verified, report.outputs.len()), (None, 0));
            }
            let error = stores.get(&place("s3://inbox/a.bin")).await.expect_err("damaged");
            assert_eq!(error.kind(), ErrorKind::Storage);
        }
    }
    assert_eq!(files(&server.bucket("outbox")), []);
}

/// The check values of the CRC catalogue (reveng) and of NVM Express, and of FIPS 180-4's functions by coreutils.
#[tokio::test]
async fn every_algorithm_that_s3_had_first_is_known() {
    let known = [
        ("x-amz-checksum-crc32", "cbf43926"),
        ("x-amz-checksum-crc32c", "e3069283"),
        ("x-amz-checksum-crc64nvme", "ae8b14860a799888"),
        ("x-amz-checksum-sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (
            "x-amz-checksum-sha256",
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
        ),
    ];
    for (header, hex) in known {
        let server = S3Server::start();
        write(&server.bucket("inbox"), "a.bin", "123456789");
        let raw: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))
            .collect();
        keep(&server, header, BASE64.encode(&raw), &[]);
        let [whole, stream] = flows(&stores_of(&server));
        let name = header.strip_prefix("x-amz-checksum-");
        assert_eq!(report(&whole, "a.bin").await.verified, name);
        write(&server.bucket("inbox"), "a.bin", "123456780");
        assert_eq!(report(&stream, "a.bin").await.status, Status::Failed, "{header}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_upload_in_parts_the_parts_are_verified() {
    let server = S3Server::start();
    let stores = stores_of(&server);
    for (size, part) in [(9, 9), (9, 4), (9 << 20, 5 << 20), (8 << 20, 4 << 20), (1 << 20, 1 << 10)]
    {
        let bytes = content(size);
        write(&server.bucket("inbox"), "a.bin", &bytes);
        let parts = equal(size, part);
        keep(&server, "x-amz-checksum-crc32", composite(&bytes, &parts), &parts);
        for flow in flows(&stores) {
            let report = report(&flow, "a.bin").await;
            assert_eq!((report.status, report.verified), (Status::Ok, Some("crc32")), "{report:?}");
        }
        let mut damaged = bytes;
        damaged[size - 1] ^= 1;
        write(&server.bucket("inbox"), "a.bin", &damaged);
        for flow in flows(&stores) {
            assert_eq!(report(&flow, "a.bin").await.status, Status::Failed, "{size} by {part}");
        }
    }
    let seen = server.take_seen();
    let part = seen.iter().find(|seen| seen.query.contains("partNumber=1")).expect("asked");
    assert!(part.headers.contains_key("if-match"), "of the very object");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_verified_is_read_all_the_same() {
    let server = S3Server::start();
    let stores = stores_of(&server);
    let bytes = content(1 << 20);
    write(&server.bucket("inbox"), "a.bin", &bytes);
    let unverified = async |stores: &Stores, why: &str| {
        for flow in flows(stores) {
            let report = report(&flow, "a.bin").await;
            assert_eq!((report.status, report.verified), (Status::Ok, None), "{why}: {report:?}");
        }
    };
    unverified(&stores, "the store keeps none").await;
    // So many parts of such a size cannot be this object.
    keep(&server, "x-amz-checksum-crc32", "AAAAAA==-3", &[1000, 1000, 1000]);
    unverified(&stores, "parts of several sizes").await;
    keep(&server, "x-amz-checksum-md5", "AAAAAA==", &[]);
    unverified(&stores, "an algorithm that brawn does not compute").await;
    keep(&server, "x-amz-checksum-crc32", "AAAAAA==", &[]);
    for flow in flows(&stores) {
        assert_eq!(report(&flow, "a.bin").await.status, Status::Failed, "it would be noticed");
    }
    for status in [400, 403, 503] {
        server.fail_with(move |seen| match seen.header("x-amz-checksum-mode") {
            Some(_) => Fault::Status(status, "Refused"),
            None => Fault::None,
        });
        unverified(&stores, "the store does not say").await;
    }
    server.fail_with(|_| Fault::None);
    server.take_seen();
    let mut variables = server.variables();
    variables.push(("AWS_RESPONSE_CHECKSUM_VALIDATION".to_owned(), "when_required".to_owned()));
    let spared = Stores::from_variables(variables).with_retry(QUICK);
    unverified(&spared, "nobody asks").await;
    assert!(
        server.take_seen().iter().all(|seen| !seen.headers.contains_key("x-amz-checksum-mode"))
    );
}

#[tokio::test]
async fn the_checksum_of_another_version_is_nobodys() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.bin", "123456789");
    let (header, value) = ("x-amz-checksum-crc32", "AAAAAA==".to_owned());
    let etag = Some("\"who-was-there-before\"");
    server.keep("/inbox/a.bin", Kept { header, value, parts: vec![], etag });
    for flow in flows(&stores_of(&server)) {
        let report = report(&flow, "a.bin").await;
        assert_eq!((report.status, report.verified), (Status::Ok, None), "{report:?}");
    }
}

/// Sizes of parts that no rule of S3's forbids, and of which number and first size fit the object.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_several_sizes_refuse_nothing() {
    let server = S3Server::start();
    let stores = stores_of(&server);
    let sizes = [
        [1_000_000, 800_000, 600_000],
        [1_000_000, 900_000, 500_000],
        [900_000, 1_000_000, 500_000],
    ];
    for parts in sizes {
        let bytes = content(parts.iter().sum());
        write(&server.bucket("inbox"), "a.bin", &bytes);
        keep(&server, "x-amz-checksum-crc32", composite(&bytes, &parts), &parts);
        for flow in flows(&stores) {
            let report = report(&flow, "a.bin").await;
            assert_eq!((report.status, report.verified), (Status::Ok, None), "{report:?}");
        }
    }
    // Those in the middle are asked for when the checksums differ, and then they are all as large as the first.
    server.take_seen();
    let mut bytes = content(5_000_000);
    let parts = equal(bytes.len(), 1_000_000);
    keep(&server, "x-amz-checksum-crc32", composite(&bytes, &parts), &parts);
    bytes.reverse();
    write(&server.bucket("inbox"), "a.bin", &bytes);
    for flow in flows(&stores) {
        assert_eq!(report(&flow, "a.bin").await.status, Status::Failed);
    }
    let seen = server.take_seen();
    let queries = seen.iter().map(|seen| seen.query.as_str());
    let asked: std::collections::BTreeSet<_> =
        queries.filter(|query| query.starts_with("partNumber")).collect();
    let wanted = ["partNumber=1", "partNumber=2", "partNumber=3", "partNumber=4"];
    assert_eq!(Vec::from_iter(asked), wanted);
}

/// By hashlib and zlib of Python.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_algorithm_goes_through_streams() {
    let server = S3Server::start();
    let stores = stores_of(&server);
    let bytes = content(300_000);
    let thirds = [100_000; 3];
    for (header, value, parts) in [
        ("x-amz-checksum-crc32", "aishAA==", &[][..]),
        ("x-amz-checksum-sha1", "u5hEfd0pIC0z9kRO3URC7D6jhyM=", &[]),
        ("x-amz-checksum-sha256", "qr7qBr3aToSGj+7PclnymYsscLHMi11Y59YEahAzz/g=", &[]),
        ("x-amz-checksum-sha256", "xsw9PL3pQt1tXOzwfrm/T/sZovD+lnHxZny5pvAfoms=-3", &thirds),
    ] {
        write(&server.bucket("inbox"), "a.bin", &bytes);
        keep(&server, header, value, parts);
        for flow in flows(&stores) {
            let report = report(&flow, "a.bin").await;
            assert_eq!(report.verified, header.strip_prefix("x-amz-checksum-"), "{report:?}");
        }
        let mut damaged = bytes.clone();
        damaged[299_999] ^= 1;
        write(&server.bucket("inbox"), "a.bin", &damaged);
        for flow in flows(&stores) {
            assert_eq!(report(&flow, "a.bin").await.status, Status::Failed, "{header}");
        }
    }
}

#[tokio::test]
async fn a_store_that_does_not_know_the_question_is_asked_once() {
    for status in [405, 501] {
        let server = S3Server::start();
        for name in ["a.bin", "b.bin", "c.bin", "d.bin"] {
            write(&server.bucket("inbox"), name, content(300_000));
        }
        server.fail_with(move |seen| match seen.header("x-amz-checksum-mode") {
            Some(_) => Fault::Status(status, "NotImplemented"),
            None => Fault::None,
        });
        let [whole, stream] = flows(&stores_of(&server));
        for (flow, name) in [(&whole, "a"), (&stream, "b"), (&whole, "c"), (&stream, "d")] {
            assert_eq!(report(flow, &format!("{name}.bin")).await.status, Status::Ok);
        }
        let seen = server.take_seen();
        let asked = seen.iter().filter(|seen| seen.headers.contains_key("x-amz-checksum-mode"));
        assert_eq!(asked.count(), 1, "{status}");
    }
}

#[tokio::test]
async fn who_only_plans_asks_for_no_checksum() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.bin", "123456789");
    for flow in flows(&stores_of(&server)) {
        let planned = report(&flow.dry_run(true), "a.bin").await;
        assert_eq!(planned.status, Status::Ok, "{planned:?}");
    }
    let seen = server.take_seen();
    assert!(seen.iter().all(|seen| !seen.headers.contains_key("x-amz-checksum-mode")), "{seen:?}");
}
