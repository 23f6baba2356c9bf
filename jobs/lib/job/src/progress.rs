//! Progress of long work: a bar on a terminal, one line for each percent elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ProgressMode;

/// The progress of one step. Dropping it ends it.
pub struct Progress {
    kind: Kind,
    total: u64,
}

enum Kind {
    Silent,
    Bar(ProgressBar),
    Lines { what: String, percent: AtomicU64 },
}

impl Progress {
    /// Progress of `what`, of which there are `total` (of any unit).
    pub(crate) fn new(mode: ProgressMode, quiet: bool, what: &str, total: u64) -> Self {
        let kind = match mode {
            ProgressMode::Never => Kind::Silent,
            ProgressMode::Auto if quiet => Kind::Silent,
            ProgressMode::Auto if std::io::stderr().is_terminal() => {
                let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
                let style =
                    ProgressStyle::with_template("{msg:24} {wide_bar} {percent:>3}% {elapsed_precise} eta {eta}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                bar.set_message(what.to_owned());
                Kind::Bar(bar)
            }
            ProgressMode::Auto => Kind::Lines { what: what.to_owned(), percent: AtomicU64::new(u64::MAX) },
        };
        Self { kind, total: total.max(1) }
    }

    /// Says that `done` of the total are done. May be called from several threads.
    pub fn set(&self, done: u64) {
        match &self.kind {
            Kind::Silent => {}
            Kind::Bar(bar) => bar.set_position(done),
            Kind::Lines { what, percent } => {
                let now = done.min(self.total).saturating_mul(100) / self.total;
                let before = percent.swap(now, Ordering::Relaxed);
                if before == u64::MAX || now > before {
                    // Nothing can be done when stderr is gone.
                    let _ = writeln!(std::io::stderr().lock(), "{what} {now}%");
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Kind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}
