//! Fills a store with a made-up broadcast for `ci/bench align`: `made-up STORE HOURS MESSAGES`.

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/rows.rs"]
mod rows;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/stage.rs"]
mod stage;

use anyhow::Context;
use ids::VodKey;
use schemas::{ChatMessage, Word};
use store::Store;
use testkit::broadcast::{Plan, Step};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [store, hours, messages] = arguments.as_slice() else { anyhow::bail!("usage: made-up STORE HOURS MESSAGES") };
    let (hours, messages): (i64, f64) = (hours.parse()?, messages.parse()?);
    let rate = messages / (hours * 60) as f64;
    // Away for half a minute in the middle.
    let steps = vec![Step { at_ms: hours * 1_800_000, away_ms: 30_000 }];
    let plan = Plan { duration_ms: hours * 3_600_000, rate, steps, ..Plan::new(1, 7_300) };
    let (mut words, mut chat) = rows::made_up(&plan);
    let vod: VodKey = "file/made-up".parse()?;
    words.iter_mut().for_each(|word: &mut Word| word.vod_id = vod.id.clone());
    chat.iter_mut().for_each(|message: &mut ChatMessage| message.vod_id = vod.id.clone());
    // Aligning does not listen.
    let audio = tempfile::NamedTempFile::new()?;
    let store = Store::open(store).await.context("no store can be made there")?;
    stage::fill(&store, &vod, audio.path(), plan.duration_ms, (&words, &chat)).await
}
