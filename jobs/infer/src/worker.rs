//! The one thread that generates, and the bounded queue before it.
//!
//! One at a time on purpose: the CPU kernels use every thread there is, so two replies at once would each take twice as
//! long. Who comes when the queue is full is told to come again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::engine::{Answer, AnswerError, Engine, Question};

/// A request on its way to the model.
struct Task {
    question: Question,
    deadline: Instant,
    respond: oneshot::Sender<Result<Answer, AnswerError>>,
}

/// Sends questions to the thread that generates.
#[derive(Clone)]
pub struct Worker {
    queue: mpsc::Sender<Task>,
    /// How long an answer takes lately, ms.
    typical_ms: Arc<AtomicU64>,
}

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Too many wait.
    #[error("too many requests wait; try again in {retry_after} s")]
    Full {
        /// When the queue is likely to have room, s.
        retry_after: u64,
    },
    /// The time of the request is up.
    #[error("there was no answer in time")]
    Late,
    /// The thread that generates is gone.
    #[error("the model's thread has ended; restart the server")]
    Gone,
    /// The model or the prompt failed.
    #[error("the request failed")]
    Answer(#[from] AnswerError),
}

impl Worker {
    /// Starts the thread. At most `waiting` questions wait for it. It ends when every `Worker` is dropped, after what
    /// waits is answered.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(engine: Engine, waiting: usize) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (queue, mut tasks) = mpsc::channel::<Task>(waiting.max(1));
        let typical_ms = Arc::new(AtomicU64::new(1000));
        let measured = Arc::clone(&typical_ms);
        let thread = std::thread::Builder::new().name("generate".to_owned()).spawn(move || {
            while let Some(task) = tasks.blocking_recv() {
                let clock = Instant::now();
                let Task { question, deadline, respond } = task;
                let mut go_on = || !respond.is_closed() && Instant::now() < deadline;
                // Nobody waits for it any more.
                if !go_on() {
                    continue;
                }
                let outcome = guarded(&engine, &question, &mut go_on);
                let took = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
                let before = measured.load(Ordering::Relaxed);
                measured.store(before.saturating_mul(3).saturating_add(took) / 4, Ordering::Relaxed);
                // It may have left in the meantime.
                let _ = respond.send(outcome);
            }
        })?;
        Ok((Self { queue, typical_ms }, thread))
    }

    /// Asks, and waits for the answer until `deadline`.
    ///
    /// # Errors
    /// See [`WorkerError`].
    pub async fn ask(&self, question: Question, deadline: Instant) -> Result<Answer, WorkerError> {
        let (respond, answer) = oneshot::channel();
        self.queue.try_send(Task { question, deadline, respond }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => WorkerError::Full { retry_after: self.retry_after() },
            mpsc::error::TrySendError::Closed(_) => WorkerError::Gone,
        })?;
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Err(_) => Err(WorkerError::Late),
            // The thread dropped the task because its time was up, or it is gone itself.
            Ok(Err(_)) if Instant::now() >= deadline => Err(WorkerError::Late),
            Ok(Err(_)) => Err(WorkerError::Gone),
            Ok(Ok(Err(AnswerError::Cancelled))) => Err(WorkerError::Late),
            Ok(Ok(answer)) => Ok(answer?),
        }
    }

    /// How many questions wait.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Whether the thread is there.
    pub fn alive(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Seconds until what waits now is likely to be answered, 1 to 60.
    fn retry_after(&self) -> u64 {
        let typical = Duration::from_millis(self.typical_ms.load(Ordering::Relaxed));
        let waiting = u32::try_from(self.waiting()).unwrap_or(u32::MAX);
        typical.saturating_mul(waiting).as_secs().clamp(1, 60)
    }
}

/// The answer, also when the tensor library panics: that ends one request and not the server.
fn guarded(engine: &Engine, question: &Question, go_on: &mut dyn FnMut() -> bool) -> Result<Answer, AnswerError> {
    catch_unwind(AssertUnwindSafe(|| engine.answer(question, go_on))).unwrap_or(Err(AnswerError::Panicked))
}
