//! Numbers about a server in Prometheus' text format (exposition format 0.0.4). Labels are from closed sets: no path, id
//! or text of a caller ever becomes one.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Server;
use crate::engine::Answer;

/// Upper bounds of the latency histogram, s.
const BUCKETS: [f64; 12] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0];

/// The routes with numbers of their own; everything else is `other`.
const ROUTES: [&str; 7] = ["/", "/livez", "/readyz", "/metrics", "/v1/models", "/v1/reply", "/v1/chat/completions"];

/// The label of a path.
pub(super) fn route(path: &str) -> &'static str {
    ROUTES.into_iter().find(|route| *route == path).unwrap_or("other")
}

/// What is counted.
#[derive(Default)]
pub(super) struct Metrics {
    requests: Mutex<Requests>,
    guard: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    prompt_tokens: AtomicU64,
    reply_tokens: AtomicU64,
    refusals: AtomicU64,
    parity_checks: AtomicU64,
    parity_mismatches: AtomicU64,
}

#[derive(Default)]
struct Requests {
    by_status: BTreeMap<(&'static str, u16), u64>,
    latency: BTreeMap<&'static str, Histogram>,
}

#[derive(Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

/// A count that a panic elsewhere cannot have left half made.
fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metrics {
    /// Counts a request.
    pub(super) fn request(&self, route: &'static str, status: u16, took: Duration) {
        let mut requests = open(&self.requests);
        *requests.by_status.entry((route, status)).or_default() += 1;
        let histogram = requests.latency.entry(route).or_default();
        let seconds = took.as_secs_f64();
        histogram.count += 1;
        histogram.seconds += seconds;
        for (count, bound) in histogram.buckets.iter_mut().zip(BUCKETS) {
            *count += u64::from(seconds <= bound);
        }
    }

    /// Counts an answer.
    pub(super) fn answer(&self, answer: &Answer) {
        let add = |counter: &AtomicU64, count: usize| counter.fetch_add(count as u64, Ordering::Relaxed);
        add(&self.prompt_tokens, answer.usage.prompt_tokens);
        add(&self.reply_tokens, answer.usage.reply_tokens);
        add(&self.refusals, usize::from(answer.is_refusal()));
        add(&self.parity_checks, usize::from(answer.parity.checked()));
        add(&self.parity_mismatches, usize::from(answer.parity.mismatch()));
        let mut guard = open(&self.guard);
        *guard.entry(("input", answer.input.action)).or_default() += 1;
        if let Some(output) = &answer.output {
            *guard.entry(("output", output.action)).or_default() += 1;
        }
    }

    /// Everything as text.
    pub(super) fn render(&self, server: &Server) -> String {
        let mut page = Page::default();
        let requests = open(&self.requests);
        page.head("requests_total", "counter", "Requests by route and status.");
        for ((route, status), count) in &requests.by_status {
            page.line("requests_total", &format!("route=\"{route}\",status=\"{status}\""), count);
        }
        page.head("request_seconds", "histogram", "From arrival to answer.");
        for (route, histogram) in &requests.latency {
            for (count, bound) in histogram.buckets.iter().zip(BUCKETS) {
                page.line("request_seconds_bucket", &format!("route=\"{route}\",le=\"{bound}\""), count);
            }
            page.line("request_seconds_bucket", &format!("route=\"{route}\",le=\"+Inf\""), &histogram.count);
            page.line("request_seconds_sum", &format!("route=\"{route}\""), &histogram.seconds);
            page.line("request_seconds_count", &format!("route=\"{route}\""), &histogram.count);
        }
        drop(requests);
        page.head("guard_actions_total", "counter", "What the guard did, by direction and action.");
        for ((direction, action), count) in open(&self.guard).iter() {
            page.line("guard_actions_total", &format!("direction=\"{direction}\",action=\"{action}\""), count);
        }
        let (waiting_rows, dropped_rows) = server.journal.counts();
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        for (name, kind, help, value) in [
            ("prompt_tokens_total", "counter", "Tokens of prompts.", load(&self.prompt_tokens)),
            ("reply_tokens_total", "counter", "Tokens generated.", load(&self.reply_tokens)),
            ("refusals_total", "counter", "Requests the guard let no reply pass for.", load(&self.refusals)),
            ("parity_checks_total", "counter", "Prompts compared with training's.", load(&self.parity_checks)),
            ("parity_mismatches_total", "counter", "Prompts that were not training's.", load(&self.parity_mismatches)),
            ("queue_depth", "gauge", "Requests that wait for the model.", server.worker.waiting() as u64),
            ("ready", "gauge", "1 when requests should come.", u64::from(server.unready().is_none())),
            ("log_rows_written_total", "counter", "Log rows in the store.", server.journal.written()),
            ("log_rows_waiting", "gauge", "Log rows on their way to the store.", waiting_rows as u64),
            ("log_rows_dropped_total", "counter", "Log rows lost because the store was away.", dropped_rows),
        ] {
            page.head(name, kind, help);
            page.line(name, "", &value);
        }
        let release = &server.engine.loaded().release;
        page.head("release_info", "gauge", "What is served.");
        let labels = format!(
            "channel=\"{}\",release=\"{}\",adapter=\"{}\",version=\"{}\",adapter_digest=\"{}\",base_digest=\"{}\",\
             renderer_digest=\"{}\",guard_digest=\"{}\"",
            release.channel,
            release.sequence,
            release.adapter,
            release.adapter_version,
            release.adapter_digest,
            release.base_digest,
            release.renderer_digest,
            release.guard_digest
        );
        page.line("release_info", &labels, &1);
        page.0
    }
}

/// Text in the making; writing to it cannot fail.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP dougpt_infer_{name} {help}\n# TYPE dougpt_infer_{name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: &dyn std::fmt::Display) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(self.0, "dougpt_infer_{name}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_paths_are_no_labels() {
        let metrics = Metrics::default();
        for ms in [1, 30, 90_000] {
            metrics.request(route("/v1/reply"), 200, Duration::from_millis(ms));
        }
        let requests = open(&metrics.requests);
        let histogram = &requests.latency["/v1/reply"];
        assert_eq!((histogram.buckets[0], histogram.buckets[2], histogram.buckets[11], histogram.count), (1, 2, 2, 3));
        assert_eq!(route("/v1/reply/../../etc\"} 1"), "other");
    }
}
