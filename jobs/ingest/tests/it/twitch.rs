//! Broadcasts of Twitch, against a server on loopback that plays its API, its playlists and its media.

mod again;
mod elsewhere;
mod killed;
mod outcomes;
mod secrets;

use std::process::Command;

use ids::VodKey;
use schemas::Row;
use serde_json::Value;
use store::{Run, Store};
use testkit::TempStore;
use testkit::process::{self, Output};
use testkit::twitch::{Asked, Kind, Twitch};

/// The id that every scenario has.
pub const ID: &str = "1087079172";

/// The command over `store`, led to `twitch`.
pub fn command(twitch: &Twitch, store: &TempStore, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
    command.args(arguments).env("DOUGPT_STORE", store.url()).env_remove("RUST_LOG").env_remove("DOUGPT_TWITCH_TOKEN");
    command.envs(twitch.environment()).args(["--progress", "never"]);
    command
}

/// Runs `ingest --vod ID` with more arguments.
pub fn fetch(twitch: &Twitch, store: &TempStore, arguments: &[&str]) -> Output {
    process::output(&mut command(twitch, store, &[&["--vod", ID], arguments].concat()))
}

/// The newest generation's number and run. The tests are no async functions, because the fake Twitch has its own runtime.
pub fn newest(store: &TempStore) -> (u64, Run) {
    block(async {
        let opened = Store::open_to_read(&store.url()).unwrap();
        let vod: VodKey = format!("twitch/{ID}").parse().unwrap();
        let generation = opened.vod(&vod).await.unwrap().expect("the VOD was taken in");
        (generation.generation, opened.run("ingest", &generation.run_id).await.unwrap())
    })
}

/// A table of the newest generation.
pub fn rows<R: Row>(store: &TempStore) -> Vec<R> {
    let (_, run) = newest(store);
    block(async { Store::open_to_read(&store.url()).unwrap().rows::<R>(&run).await.unwrap() })
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Names of the segments that were asked for, in order of the playlist.
pub fn segments(asked: &[Asked]) -> Vec<String> {
    let name = |asked: &Asked| match &asked.kind {
        Kind::Segment { name } => Some(name.clone()),
        _ => None,
    };
    let mut names: Vec<_> = asked.iter().filter_map(name).collect();
    names.sort_by_key(|name| name.split(['-', '.']).next().and_then(|number| number.parse::<u64>().ok()));
    names
}

/// Variables of every page of comments that was asked for.
pub fn pages(asked: &[Asked]) -> Vec<Value> {
    let page = |asked: &Asked| match &asked.kind {
        Kind::Gql { operation, variables, .. } if operation == "VideoCommentsByOffsetOrCursor" => {
            Some(variables.clone())
        }
        _ => None,
    };
    asked.iter().filter_map(page).collect()
}
