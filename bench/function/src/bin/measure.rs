//! Starts functions against a Runtime API of its own and prints what they take: `measure COLD WARM FUNCTION..`.
//!
//! Cold: from before the process is started until its first reply has arrived, the median of COLD starts. Warm: from the event's
//! bytes to the reply's, the median of WARM invocations one after the other. Functions take turns, so that what else the machine
//! does meets all of them. The first one named is what the others are compared with.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const EVENT: &str = r#"{"values":[1.5,2.5,3.0]}"#;
const REPLY: &str = r#"{"sum":7.0}"#;
const PATIENCE: Duration = Duration::from_secs(20);
const SIZE_GOAL: u64 = 3_000_000;
const COLD_GOAL: f64 = 1.3;
const WARM_GOAL: f64 = 50.0;

/// A Runtime API that has an event whenever it is told to.
struct Api {
    address: String,
    go: Sender<()>,
    replies: Receiver<(Instant, Instant)>,
}

impl Api {
    fn start() -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let ((go, ready), (reply, replies)) = (channel(), channel());
        let ready = Arc::new(Mutex::new(ready));
        let sent = Arc::new(Mutex::new(Instant::now()));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (ready, reply, sent) = (Arc::clone(&ready), reply.clone(), Arc::clone(&sent));
                std::thread::spawn(move || serve(&connection, &ready, &reply, &sent));
            }
        });
        Api { address, go, replies }
    }

    /// One invocation: when the event left and when the reply was there.
    fn invoke(&self) -> (Instant, Instant) {
        self.go.send(()).expect("it serves");
        self.replies.recv_timeout(PATIENCE).expect("a reply")
    }
}

fn serve(
    connection: &TcpStream,
    ready: &Mutex<Receiver<()>>,
    reply: &Sender<(Instant, Instant)>,
    sent: &Mutex<Instant>,
) {
    connection.set_nodelay(true).expect("a TCP socket");
    let (mut reader, mut writer) = (BufReader::new(connection), connection);
    let mut number = 0_u64;
    while let Some((line, body)) = request(&mut reader) {
        let answer = if line.starts_with("GET ") {
            if ready.lock().expect("no panic").recv().is_err() {
                return;
            }
            number += 1;
            let deadline = SystemTime::now() + Duration::from_secs(60);
            let deadline = deadline.duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: {number:032}\r\n\
                 lambda-runtime-deadline-ms: {deadline}\r\n\
                 lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:f\r\n\
                 content-length: {}\r\n\r\n{EVENT}",
                EVENT.len()
            )
        } else {
            let now = Instant::now();
            assert!(line.ends_with("/response"), "{line}: {}", String::from_utf8_lossy(&body));
            assert_eq!(String::from_utf8_lossy(&body), REPLY);
            let began = *sent.lock().expect("no panic");
            // Nobody listens when the measurement has ended.
            let _ = reply.send((began, now));
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()
        };
        *sent.lock().expect("no panic") = Instant::now();
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Method and path, and the body.
fn request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let (mut first, mut length, mut chunked) = (String::new(), 0_usize, false);
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    while chunked {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend(&chunk[..size]);
        chunked = size > 0;
    }
    let line = first.rsplit_once(" HTTP/").map_or(first.as_str(), |(line, _)| line).to_owned();
    Some((line, body))
}

#[derive(Default)]
struct Measured {
    cold: Vec<f64>,
    warm: Vec<f64>,
}

/// Starts `function`, invokes it once and then `warm` times more.
fn run(function: &Path, warm: usize, measured: &mut Measured) {
    let api = Api::start();
    let began = Instant::now();
    let mut process = Command::new(function)
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", function.display()));
    let (_, first) = api.invoke();
    measured.cold.push((first - began).as_secs_f64() * 1e3);
    for n in 0..warm + warm / 10 {
        let (began, ended) = api.invoke();
        // The first tenth warms up.
        if n >= warm / 10 {
            measured.warm.push((ended - began).as_secs_f64() * 1e6);
        }
    }
    process.kill().expect("it runs");
    process.wait().expect("it is a child of this process");
}

fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part).round() as usize]
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut count = || arguments.next()?.parse::<usize>().ok().filter(|count| *count > 0);
    let (Some(cold), Some(warm)) = (count(), count()) else {
        eprintln!("usage: measure COLD WARM FUNCTION..");
        std::process::exit(2);
    };
    let mut functions: Vec<_> =
        arguments.map(|path| (std::path::PathBuf::from(path), Measured::default())).collect();
    for _ in 0..cold {
        for (function, measured) in &mut functions {
            run(function, warm.div_ceil(cold), measured);
        }
    }
    println!(
        "| function | size, MB | cold start, ms (p10 to p90) | of the first | warm, us (p10 to p90) | more than the first |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut first = None;
    for (function, measured) in &mut functions {
        let size = function.metadata().expect("it is a file").len();
        let (cold, warm) =
            (percentile(&mut measured.cold, 0.5), percentile(&mut measured.warm, 0.5));
        let (first_cold, first_warm) = *first.get_or_insert((cold, warm));
        let met = |yes| if yes { "met" } else { "missed" };
        println!(
            "| {} | {:.2} {} | {cold:.2} ({:.2} to {:.2}) | {:.2} {} | {warm:.0} ({:.0} to {:.0}) | {:.0} {} |",
            function.file_name().unwrap_or_default().display(),
            size as f64 / 1e6,
            met(size <= SIZE_GOAL),
            percentile(&mut measured.cold, 0.1),
            percentile(&mut measured.cold, 0.9),
            cold / first_cold,
            met(cold <= first_cold * COLD_GOAL),
            percentile(&mut measured.warm, 0.1),
            percentile(&mut measured.warm, 0.9),
            warm - first_warm,
            met(warm - first_warm <= WARM_GOAL),
        );
    }
    println!(
        "\nGoals: {} MB, a cold start of {COLD_GOAL} times the first's, {WARM_GOAL} us more when warm.",
        SIZE_GOAL as f64 / 1e6
    );
}
