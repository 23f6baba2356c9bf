//! The log of what was asked and answered, on its way into the store.
//!
//! Rows wait in memory and are written as one file every few seconds, or as soon as many wait, and when the server ends.
//! A crash loses what waits: a few seconds of rows, never a written one. A store that cannot be written keeps them
//! waiting up to a bound, beyond which the oldest are dropped and counted.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::DateTime;
use ids::Name;
use schemas::InferLog;
use store::{Store, StoreError};
use tokio::sync::Notify;

/// Rows that are worth a file of their own.
const ENOUGH: usize = 64;

/// Most rows that wait.
const MOST: usize = 1 << 16;

/// How long rows wait at most.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// Rows on their way into a store.
pub struct Journal {
    store: Store,
    server: Name,
    waiting: Mutex<Waiting>,
    enough: Notify,
    /// One file at a time, so that files are in the order of their rows.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    rows: VecDeque<InferLog>,
    dropped: u64,
    written: u64,
}

impl Journal {
    /// A journal of `server` into `store`.
    pub fn new(store: Store, server: Name) -> Self {
        Self {
            store,
            server,
            waiting: Mutex::default(),
            enough: Notify::new(),
            writing: tokio::sync::Mutex::const_new(()),
        }
    }

    /// Takes a row. Never waits.
    pub fn note(&self, row: InferLog) {
        let mut waiting = self.waiting();
        waiting.rows.push_back(row);
        waiting.bound();
        if waiting.rows.len() >= ENOUGH {
            self.enough.notify_one();
        }
    }

    /// Writes rows as they come until `stop` is done. A failure is a warning, and the rows are tried again. A file that is
    /// being written is finished: ending in the middle would lose the rows that are on their way.
    pub async fn keep_writing(&self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut failed = false;
        loop {
            // After a failure not at once again, even when many wait.
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = self.enough.notified(), if !failed => {}
                () = &mut stop => return,
            }
            let outcome = self.flush().await;
            failed = outcome.is_err();
            if let Err(error) = outcome {
                let (rows, dropped) = self.counts();
                tracing::warn!(error = chain(&error), rows, dropped, "the log cannot be written, rows wait");
            }
        }
    }

    /// Writes every waiting row.
    ///
    /// # Errors
    /// When the store cannot be written; what was not written waits again.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let _turn = self.writing.lock().await;
        let rows = std::mem::take(&mut self.waiting().rows);
        let mut days: BTreeMap<String, Vec<InferLog>> = BTreeMap::new();
        for row in rows {
            days.entry(day(row.at_ms)).or_default().push(row);
        }
        while let Some((day, rows)) = days.pop_first() {
            match self.store.append_infer_log(&day, &self.server, &rows).await {
                Ok(path) => {
                    tracing::debug!(path, rows = rows.len(), "log written");
                    self.waiting().written += rows.len() as u64;
                }
                Err(error) => {
                    let unwritten = rows.into_iter().chain(days.into_values().flatten());
                    let mut waiting = self.waiting();
                    let newer = std::mem::take(&mut waiting.rows);
                    waiting.rows = unwritten.chain(newer).collect();
                    waiting.bound();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// How many rows wait, and how many were dropped since the start.
    pub fn counts(&self) -> (usize, u64) {
        let waiting = self.waiting();
        (waiting.rows.len(), waiting.dropped)
    }

    /// How many rows were written since the start.
    pub fn written(&self) -> u64 {
        self.waiting().written
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here can panic half way, so a poisoned lock holds whole rows.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn bound(&mut self) {
        while self.rows.len() > MOST {
            self.rows.pop_front();
            self.dropped += 1;
        }
    }
}

/// The UTC day of a time, as folders of the log are called.
fn day(at_ms: i64) -> String {
    DateTime::from_timestamp_millis(at_ms).unwrap_or_default().format("%Y-%m-%d").to_string()
}

/// An error with its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
