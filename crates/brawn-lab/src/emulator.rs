//! A function and its execution environments.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brawn_core::{Error, ErrorKind, Result, Vcpus};
use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::cores::Cores;
use crate::environment::{Environment, Event, Instance, Reply, ReplyBody, Report, Status};
use crate::log::Log;
use crate::metadata;
use crate::runtime_api::{PAYLOAD_LIMIT, Shutdown};
use crate::sandbox::{self, Limits, Sandbox};
use crate::settings::Settings;
use crate::stream::Broken;

/// A function that can be invoked. Environments are made when they are needed, kept warm and used again, the one that was
/// used last first.
///
/// Needs a tokio runtime with I/O and time. [`Emulator::shut_down`] ends every process; so does dropping the emulator
/// together with its runtime.
#[derive(Clone)]
pub struct Emulator(Arc<Inner>);

struct Inner {
    settings: Arc<Settings>,
    log: Arc<dyn Log>,
    idle: Mutex<Vec<Environment>>,
    cores: Cores,
    permits: Arc<Semaphore>,
    /// Instead of environments, for a Managed Instance.
    managed: Option<Instance>,
    enforced: String,
}

/// An invocation on its way.
#[derive(Debug)]
pub struct Pending {
    /// The request id.
    pub request_id: String,
    reply: Answer,
    report: oneshot::Receiver<Report>,
}

/// An answer that is waited for once, by whichever side asks first.
#[derive(Debug)]
enum Answer {
    Awaited(oneshot::Receiver<Reply>),
    Here(Reply),
    Taken,
}

impl Emulator {
    /// Checks the settings, and what limits can be enforced on this machine. Starts nothing yet: as in Lambda, the first
    /// invocation makes the first environment.
    pub fn new(settings: Settings, log: Arc<dyn Log>) -> Result<Emulator> {
        settings.check()?;
        sandbox::adopt_orphans();
        let limits = Limits { share: 1.0, memory: u64::from(settings.memory_mb) << 20 };
        let enforced =
            Sandbox::new(settings.enforcement, limits, &metadata::log_stream())?.describe();
        let permits = Arc::new(Semaphore::new(settings.invocations()));
        let settings = Arc::new(settings);
        let managed = settings.max_concurrency.is_some();
        let managed = managed.then(|| Instance::new(Arc::clone(&settings), Arc::clone(&log)));
        let (idle, cores) = (Mutex::default(), Cores::default());
        Ok(Emulator(Arc::new(Inner { settings, log, idle, cores, permits, managed, enforced })))
    }

    /// The function's configuration.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How the limits are enforced here, and how precisely: one line.
    pub fn enforced(&self) -> &str {
        &self.0.enforced
    }

    /// What the memory size amounts to on this machine: one line, which says where the machine has less.
    pub fn granted(&self) -> String {
        let settings = self.settings();
        let vcpus = Vcpus::of_lambda(settings.memory_mb);
        let cores = Vcpus::detect().visible;
        let mut line = format!(
            "{} MB: {:.2} vCPU, {} cores visible, timeout {} s",
            settings.memory_mb,
            vcpus.share,
            vcpus.visible,
            settings.timeout.as_secs_f64()
        );
        if vcpus.visible > cores {
            line.push_str(&format!("; this machine has only {cores} cores"));
        }
        line
    }

    /// Invokes the function with `payload`.
    pub fn invoke(&self, payload: impl Into<Bytes>) -> Pending {
        self.send(Event::new(payload))
    }

    /// An invocation nobody waits for: retried twice when it fails, as Lambda does, and then given up.
    pub(crate) fn invoke_later(&self, event: Event) -> String {
        let (emulator, id) = (self.clone(), event.id.clone());
        tokio::spawn(async move {
            let delays = emulator.settings().retry_delays;
            for wait in [None, Some(delays[0]), Some(delays[1])] {
                if let Some(wait) = wait {
                    tokio::time::sleep(wait).await;
                }
                let pending = emulator.send(event.clone());
                let failed = pending.outcome().await.is_none_or(|(reply, report)| {
                    reply.error.is_some() || report.status != Status::Success
                });
                if !failed {
                    return;
                }
            }
            emulator.say(&format!("gave up on {} after 2 retries", event.id));
        });
        id
    }

    /// A line of the emulator's own among those of the function.
    pub(crate) fn say(&self, text: &str) {
        self.0.log.write(format!("brawn: {text}\n").as_bytes());
    }

    pub(crate) fn send(&self, event: Event) -> Pending {
        let (answering, reply) = oneshot::channel();
        let (reporting, report) = oneshot::channel();
        let request_id = event.id.clone();
        let inner = Arc::clone(&self.0);
        // A task of its own: an invocation goes on when its caller goes.
        tokio::spawn(async move {
            let Ok(permit) = Arc::clone(&inner.permits).acquire_owned().await else { return };
            if let Some(managed) = &inner.managed {
                let report = managed.invoke(event, answering).await;
                drop(permit);
                let _ = reporting.send(report);
                return;
            }
            let idle = inner.take();
            let mut environment = idle.unwrap_or_else(|| {
                let (settings, log) = (Arc::clone(&inner.settings), Arc::clone(&inner.log));
                Environment::new(settings, log, inner.cores.clone())
            });
            let report = environment.invoke(event, answering).await;
            inner.idle().push(environment);
            drop(permit);
            let _ = reporting.send(report);
        });
        Pending { request_id, reply: Answer::Awaited(reply), report }
    }

    /// Ends every environment, once it has finished what it was doing, and takes no more invocations.
    pub async fn shut_down(&self) {
        let all = u32::try_from(self.settings().invocations()).unwrap_or(u32::MAX);
        let patience = self.settings().timeout + self.settings().init_limit();
        let _ = tokio::time::timeout(patience, self.0.permits.acquire_many(all)).await;
        self.0.permits.close();
        self.cool_down().await;
    }

    /// How many environments wait for an event.
    pub fn warm(&self) -> usize {
        if let Some(managed) = &self.0.managed {
            return usize::from(managed.is_warm());
        }
        self.0.idle().iter().filter(|environment| environment.is_warm()).count()
    }

    /// Ends the environments that wait for an event; the next invocation is a cold start.
    pub async fn cool_down(&self) {
        if let Some(managed) = &self.0.managed {
            managed.end(Shutdown::Spindown).await;
        }
        let idle = std::mem::take(&mut *self.0.idle());
        // All at once: each may take the seconds that its extensions are given.
        let mut ending = JoinSet::new();
        for mut environment in idle {
            ending.spawn(async move { environment.end(Shutdown::Spindown).await });
        }
        ending.join_all().await;
    }
}

impl Inner {
    /// The environment that was used last of those that are warm, or else of all.
    fn take(&self) -> Option<Environment> {
        let mut idle = self.idle();
        match idle.iter().rposition(Environment::is_warm) {
            Some(at) => Some(idle.remove(at)),
            None => idle.pop(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    /// Waits for the answer, which is given once.
    pub async fn reply(&mut self) -> Result<Reply> {
        if let Answer::Awaited(reply) = &mut self.reply {
            // Kept before it is given: who stops waiting here may ask again.
            self.reply = Answer::Here(reply.await.map_err(|_| gone())?);
        }
        match std::mem::replace(&mut self.reply, Answer::Taken) {
            Answer::Here(reply) => Ok(reply),
            Answer::Awaited(_) => Err(gone()),
            Answer::Taken => Err(Error::invalid_options("the answer was taken already")),
        }
    }

    /// Waits for the report, which comes after the answer. A streamed answer that nobody has asked for until then is not waited
    /// for: it is cut off where it is, and the function need not wait for a reader.
    pub async fn report(&mut self) -> Result<Report> {
        loop {
            let Answer::Awaited(reply) = &mut self.reply else {
                return (&mut self.report).await.map_err(|_| gone());
            };
            tokio::select! {
                report = &mut self.report => return report.map_err(|_| gone()),
                reply = reply => {
                    let mut reply = reply.map_err(|_| gone())?;
                    if let ReplyBody::Stream(chunks) = &mut reply.body {
                        chunks.close();
                    }
                    self.reply = Answer::Here(reply);
                }
            }
        }
    }

    /// Waits for both, and reads what is streamed, of which as much is kept as an answer may have; `None` where the emulator has
    /// shut down. A stream that breaks off is an error of the function.
    pub(crate) async fn outcome(mut self) -> Option<(Reply, Report)> {
        let mut reply = self.reply().await.ok()?;
        if let ReplyBody::Stream(chunks) = reply.body {
            let (read, report) = tokio::join!(chunks.collect(PAYLOAD_LIMIT), self.report);
            let (body, error) = match read {
                Ok(bytes) => (bytes, reply.error),
                Err(Broken { kind, body }) => (body, Some(kind)),
            };
            reply = Reply { body: ReplyBody::Whole(body), error, ..reply };
            return Some((reply, report.ok()?));
        }
        Some((reply, self.report.await.ok()?))
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Unavailable, "the emulator has shut down")
}
