//! A queue: what is visible, to whom, for how long. It asks no clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use serde_json::{Map, json};

use super::message::{Draft, md5_of};
use super::received::Received;
use crate::clock::{since_epoch, uuid};

/// How long a FIFO queue remembers a deduplication id.
const REMEMBERED: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(crate) struct Queue {
    name: String,
    visibility: Duration,
    max_receives: Option<u32>,
    /// In the order of sending.
    messages: BTreeMap<u64, Held>,
    next: u64,
    /// By what they are deduplicated: since when, the id and the sequence number.
    remembered: HashMap<String, (Instant, String, u64)>,
}

/// A message in its queue.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    id: String,
    draft: Draft,
    sent_ms: u128,
    first_received_ms: u128,
    receives: u32,
    visible: Instant,
    receipt: String,
    sequence: u64,
    /// The queue that gave it up.
    died_in: Option<String>,
}

impl Queue {
    pub(super) fn new(name: &str, visibility: Duration, max_receives: Option<u32>) -> Queue {
        Queue {
            name: name.to_owned(),
            visibility,
            max_receives,
            messages: BTreeMap::new(),
            next: 0,
            remembered: HashMap::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    pub(crate) fn visibility(&self) -> Duration {
        self.visibility
    }

    pub(crate) fn max_receives(&self) -> Option<u32> {
        self.max_receives
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// How many are visible, are hidden as they were received, and are delayed.
    pub(crate) fn counts(&self, now: Instant) -> (usize, usize, usize) {
        let mut counts = (0, 0, 0);
        for held in self.messages.values() {
            match (held.visible > now, held.receives) {
                (false, _) => counts.0 += 1,
                (true, 0) => counts.2 += 1,
                (true, _) => counts.1 += 1,
            }
        }
        counts
    }

    /// Takes a message in, and gives its id and sequence number; that of the first, where a FIFO queue remembers it.
    pub(crate) fn send(&mut self, draft: Draft, now: Instant) -> (String, u64) {
        let fifo = self.is_fifo();
        self.remembered.retain(|_, (since, ..)| now.saturating_duration_since(*since) < REMEMBERED);
        let key = draft.deduplication.as_ref().filter(|_| fifo);
        if let Some((_, id, sequence)) = key.and_then(|key| self.remembered.get(key)) {
            return (id.clone(), *sequence);
        }
        let id = uuid();
        let key = draft.deduplication.clone().filter(|_| fifo);
        let visible = now + draft.delay;
        let held = Held {
            id: id.clone(),
            draft,
            sent_ms: since_epoch().as_millis(),
            first_received_ms: 0,
            receives: 0,
            visible,
            receipt: String::new(),
            sequence: 0,
            died_in: None,
        };
        let sequence = self.put(held);
        if let Some(key) = key {
            self.remembered.insert(key, (now, id.clone(), sequence));
        }
        (id, sequence)
    }

    /// Takes a dead letter in.
    pub(super) fn bury(&mut self, held: Held, from: &str) {
        let died_in = Some(from.to_owned());
        self.put(Held { receives: 0, first_received_ms: 0, died_in, ..held });
    }

    fn put(&mut self, mut held: Held) -> u64 {
        self.next += 1;
        held.sequence = self.next;
        self.messages.insert(self.next, held);
        self.next
    }

    /// Gives messages as long as they are `wanted`, in their order, and hides them. Beside them those that were received too
    /// often, which are taken out.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        now_ms: u128,
        visibility: Option<Duration>,
        mut wanted: impl FnMut(&Received) -> bool,
    ) -> (Vec<Received>, Vec<Held>) {
        let (fifo, visible) = (self.is_fifo(), now + visibility.unwrap_or(self.visibility));
        // What is being worked on in a FIFO queue holds up its group.
        let mut held_up = BTreeSet::new();
        let (mut taken, mut dead) = (Vec::new(), Vec::new());
        for (number, held) in &mut self.messages {
            let group = held.draft.group.clone().filter(|_| fifo);
            if held.visible > now {
                held_up.extend(group);
                continue;
            }
            if group.is_some_and(|group| held_up.contains(&group)) {
                continue;
            }
            if self.max_receives.is_some_and(|most| held.receives >= most) {
                dead.push(*number);
                continue;
            }
            let first_received_ms =
                if held.receives == 0 { now_ms } else { held.first_received_ms };
            let receipt = format!("{}-{number}", uuid());
            let next = Held {
                receives: held.receives + 1,
                first_received_ms,
                visible,
                receipt,
                ..held.clone()
            };
            let received = next.show(fifo);
            if !wanted(&received) {
                break;
            }
            *held = next;
            taken.push(received);
        }
        let dead = dead.into_iter().filter_map(|number| self.messages.remove(&number)).collect();
        (taken, dead)
    }

    /// When the next message that is hidden becomes visible.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        self.messages.values().map(|held| held.visible).filter(|visible| *visible > now).min()
    }

    /// Deletes what was received with `receipt`; `false` for one that SQS has never given. An old one deletes nothing.
    pub(crate) fn delete(&mut self, receipt: &str) -> bool {
        let Some(number) = number_of(receipt) else { return false };
        if self.messages.get(&number).is_some_and(|held| held.receipt == receipt) {
            self.messages.remove(&number);
        }
        true
    }

    /// Hides what was received with `receipt` for `time` from now.
    pub(crate) fn hide(&mut self, receipt: &str, time: Duration, now: Instant) -> bool {
        let held = number_of(receipt).and_then(|number| self.messages.get_mut(&number));
        let Some(held) = held.filter(|held| held.receipt == receipt && held.visible > now) else {
            return false;
        };
        held.visible = now + time;
        true
    }

    pub(crate) fn purge(&mut self) {
        self.messages.clear();
    }

    /// Everything in it, without receiving it.
    pub(crate) fn peek(&self) -> impl Iterator<Item = Received> + '_ {
        let fifo = self.is_fifo();
        self.messages.values().map(move |held| held.show(fifo))
    }
}

impl Held {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn show(&self, fifo: bool) -> Received {
        let mut system = Map::new();
        let mut set = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                system.insert(name.to_owned(), json!(value));
            }
        };
        set("ApproximateReceiveCount", Some(self.receives.to_string()));
        set("AWSTraceHeader", self.draft.trace.clone());
        set("SentTimestamp", Some(self.sent_ms.to_string()));
        set("SenderId", Some("AIDAEXAMPLE".to_owned()));
        let first = (self.receives > 0).then(|| self.first_received_ms.to_string());
        set("ApproximateFirstReceiveTimestamp", first);
        set("SequenceNumber", fifo.then(|| sequence_number(self.sequence)));
        set("MessageGroupId", self.draft.group.clone());
        set("MessageDeduplicationId", self.draft.deduplication.clone().filter(|_| fifo));
        set("DeadLetterQueueSourceArn", self.died_in.clone());
        Received {
            id: self.id.clone(),
            receipt: self.receipt.clone(),
            body: self.draft.body.clone(),
            md5: md5_of(&self.draft.body),
            system,
            draft: self.draft.clone(),
        }
    }
}

/// 20 digits, as SQS's.
pub(crate) fn sequence_number(number: u64) -> String {
    format!("{:020}", 18_849_496_460_467_696_128 + u128::from(number))
}

fn number_of(receipt: &str) -> Option<u64> {
    receipt.rsplit_once('-')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: Duration = Duration::from_secs(30);

    fn draft(body: &str, group: Option<&str>) -> Draft {
        Draft {
            body: body.to_owned(),
            group: group.map(str::to_owned),
            deduplication: group.map(|_| body.to_owned()),
            ..Draft::default()
        }
    }

    fn bodies(received: &[Received]) -> Vec<&str> {
        received.iter().map(|one| one.body.as_str()).collect()
    }

    fn all(_: &Received) -> bool {
        true
    }

    #[test]
    fn a_message_is_hidden_comes_back_and_dies_after_its_receives() {
        let (mut queue, start) = (Queue::new("jobs", HIDDEN, Some(2)), Instant::now());
        queue.send(draft("a", None), start);
        let (first, _) = queue.receive(start, 7, None, all);
        assert_eq!(bodies(&first), ["a"]);
        assert!(queue.receive(start, 8, None, all).0.is_empty());
        assert_eq!((queue.counts(start), queue.next(start)), ((0, 1, 0), Some(start + HIDDEN)));
        let (second, _) = queue.receive(start + HIDDEN, 9, None, all);
        let system = &second[0].system;
        assert_eq!(system["ApproximateReceiveCount"], "2");
        assert_eq!(system["ApproximateFirstReceiveTimestamp"], "7");
        // The receipt of the first time is no longer good for anything.
        assert!(queue.delete(&first[0].receipt));
        assert_eq!(queue.len(), 1);
        let (third, dead) = queue.receive(start + HIDDEN * 2, 10, None, all);
        assert_eq!((third.len(), dead.len(), queue.len()), (0, 1, 0));
        let mut letters = Queue::new("jobs-dlq", HIDDEN, None);
        dead.into_iter().for_each(|held| letters.bury(held, "arn:jobs"));
        let letter = letters.peek().next().expect("a letter");
        assert_eq!((letter.id.as_str(), letter.body.as_str()), (first[0].id.as_str(), "a"));
        assert_eq!(letter.system["DeadLetterQueueSourceArn"], "arn:jobs");
    }

    #[test]
    fn what_is_deleted_or_hidden_anew_follows_its_receipt() {
        let (mut queue, start) = (Queue::new("jobs", HIDDEN, None), Instant::now());
        for body in ["a", "b", "c"] {
            queue.send(draft(body, None), start);
        }
        let late = Draft { delay: Duration::from_secs(5), ..draft("late", None) };
        queue.send(late, start);
        let mut room = 2;
        let mut two = |_: &Received| {
            room -= 1;
            room >= 0
        };
        let (taken, _) = queue.receive(start, 0, None, &mut two);
        assert_eq!(bodies(&taken), ["a", "b"]);
        assert!(queue.delete(&taken[0].receipt));
        assert!(queue.hide(&taken[1].receipt, Duration::ZERO, start));
        assert!(!queue.hide(&taken[1].receipt, HIDDEN, start), "it is not in flight any more");
        assert!(!queue.delete("no receipt"));
        assert_eq!(bodies(&queue.receive(start, 0, None, all).0), ["b", "c"]);
        let after = start + Duration::from_secs(5);
        assert_eq!(bodies(&queue.receive(after, 0, None, all).0), ["late"]);
    }

    #[test]
    fn a_group_of_a_fifo_queue_keeps_its_order_and_ids_are_taken_once() {
        let (mut queue, start) = (Queue::new("jobs.fifo", HIDDEN, None), Instant::now());
        let (first, sequence) = queue.send(draft("1", Some("a")), start);
        queue.send(draft("2", Some("a")), start);
        let again = queue.send(draft("1", Some("a")), start);
        assert_eq!((again.0.as_str(), again.1), (first.as_str(), sequence), "a duplicate");
        queue.send(draft("3", Some("b")), start);
        let mut room = 1;
        let mut one = |_: &Received| {
            room -= 1;
            room >= 0
        };
        let (taken, _) = queue.receive(start, 0, None, &mut one);
        assert_eq!(bodies(&taken), ["1"]);
        assert_eq!(taken[0].system["MessageGroupId"], "a");
        assert_eq!(taken[0].system["SequenceNumber"].as_str().map(str::len), Some(20));
        // 2 waits for 1, the other group does not.
        assert_eq!(bodies(&queue.receive(start, 0, None, all).0), ["3"]);
        queue.delete(&taken[0].receipt);
        assert_eq!(bodies(&queue.receive(start, 0, None, all).0), ["2"]);
        // Not deleted in time: again, and in order.
        queue.send(draft("4", Some("a")), start);
        assert_eq!(bodies(&queue.receive(start + HIDDEN, 0, None, all).0), ["2", "3", "4"]);
        let later = start + REMEMBERED;
        assert_ne!(queue.send(draft("1", Some("a")), later).0, first);
    }
}
