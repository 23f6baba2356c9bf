//! Work on all VODs of a store goes on past those it cannot be done for, and fails in the end.

use anyhow::{Context, bail};
use ids::VodKey;

use crate::{Job, report_error};

/// The VODs that were left out so far.
pub struct Skipped<'a> {
    job: &'a Job,
    goes_on: bool,
    vods: Vec<VodKey>,
}

impl Job {
    /// Takes the outcomes of work on several VODs. With `all` of a store a failure is told and the next VOD has its turn;
    /// where the VODs were named it ends the command.
    pub fn skipping(&self, all: bool) -> Skipped<'_> {
        Skipped { job: self, goes_on: all, vods: Vec::new() }
    }
}

impl Skipped<'_> {
    /// What came of the work on `vod`; nothing when it is left out.
    ///
    /// # Errors
    /// The outcome's own, where the VODs were named.
    pub fn take<T>(&mut self, vod: &VodKey, outcome: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(error) if self.goes_on => {
                let told = Err::<T, _>(error).with_context(|| format!("{vod} is left out"));
                told.as_ref().err().into_iter().for_each(|error| report_error(error, self.job.flags().json));
                self.vods.push(vod.clone());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Ends the work.
    ///
    /// # Errors
    /// When a VOD was left out.
    pub fn finish(self) -> anyhow::Result<()> {
        let names: Vec<_> = self.vods.iter().map(ToString::to_string).collect();
        match names.as_slice() {
            [] => Ok(()),
            [only] => bail!("{only} was left out, for the reason above; the others are done"),
            several => bail!("{} VODs were left out, for the reasons above: {}", several.len(), several.join(", ")),
        }
    }
}
