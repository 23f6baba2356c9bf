//! The same work on many things at once, with the results in the order of the things.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

/// Things that wait or are worked on, for each thread: enough that none is idle while results are taken.
const AHEAD: usize = 3;

/// Threads that turn each `T` into an `R`.
pub(super) struct Workers<T, R> {
    tasks: Sender<(T, SyncSender<R>)>,
    results: VecDeque<Receiver<R>>,
    most: usize,
}

impl<T, R> Workers<T, R> {
    /// Starts `threads` of them. They end when this is dropped.
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        threads: usize,
        work: impl Fn(T) -> R + Copy + Send + 'scope,
    ) -> Self
    where
        T: Send + 'scope,
        R: Send + 'scope,
    {
        let (tasks, queue) = channel::<(T, SyncSender<R>)>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            scope.spawn(move || {
                loop {
                    let task = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((task, result)) = task else { break };
                    // Nobody wants the result any more when reading was given up.
                    let _ = result.send(work(task));
                }
            });
        }
        Self { tasks, results: VecDeque::new(), most: AHEAD * threads.max(1) }
    }

    /// Takes one more; gives the oldest result once enough is under way.
    pub(super) fn put(&mut self, task: T) -> Option<R> {
        let (give, result) = sync_channel(1);
        // It cannot fail while there is a thread, and the scope raises the panic of one that is gone.
        let _ = self.tasks.send((task, give));
        self.results.push_back(result);
        if self.results.len() > self.most { self.next() } else { None }
    }

    /// The oldest result that was not given yet; `None` when there is none.
    pub(super) fn next(&mut self) -> Option<R> {
        self.results.pop_front()?.recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        for threads in [1, 4] {
            let found = std::thread::scope(|scope| {
                let slow_when_even = |number: u64| {
                    std::thread::sleep(std::time::Duration::from_millis(2 * (1 - number % 2)));
                    number * 10
                };
                let mut workers = Workers::start(scope, threads, slow_when_even);
                let mut found: Vec<u64> = (0..50).filter_map(|number| workers.put(number)).collect();
                found.extend(std::iter::from_fn(|| workers.next()));
                found
            });
            assert_eq!(found, (0..50).map(|number| number * 10).collect::<Vec<_>>(), "{threads} threads");
        }
    }
}
