//! The whole way on the sample stream that comes with the program.

use anyhow::Context;
use job::{Exit, Job};

use crate::args::Step;
use crate::process::{call, show};
use crate::run::{Plan, Source, run};

/// The three broadcasts: media file, chat export.
const SAMPLE: &[(&str, &[u8], &str, &[u8])] = &[
    (
        "demo-1.mkv",
        include_bytes!("../../lib/testkit/sample/demo-1.mkv"),
        "demo-1.chat.json",
        include_bytes!("../../lib/testkit/sample/demo-1.chat.json"),
    ),
    (
        "demo-2.mkv",
        include_bytes!("../../lib/testkit/sample/demo-2.mkv"),
        "demo-2.chat.json",
        include_bytes!("../../lib/testkit/sample/demo-2.chat.json"),
    ),
    (
        "demo-3.mkv",
        include_bytes!("../../lib/testkit/sample/demo-3.mkv"),
        "demo-3.chat.json",
        include_bytes!("../../lib/testkit/sample/demo-3.chat.json"),
    ),
];

/// The dataset rules of the demo: which broadcast is held out.
const DATASET_CONFIG: &str = include_str!("demo/dataset.toml");

/// What the streamer is taken to have just said when the demo asks for a reply.
const CONTEXT: &str = "look at that, the penguin is riding the elevator again";

/// Runs every job on the sample, then asks for one reply and prints its lineage.
///
/// # Errors
/// When a job fails.
pub(crate) async fn demo(job: &Job) -> anyhow::Result<Exit> {
    let folder = tempfile::tempdir().context("no temporary folder can be made for the sample stream")?;
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display())).map(|()| path)
    };
    let mut vods = Vec::new();
    for (media, media_bytes, chat, chat_bytes) in SAMPLE {
        let vod = format!("file:{}", write(media, media_bytes)?.display());
        vods.push(Source { vod, chat: Some(write(chat, chat_bytes)?) });
    }
    let name = |text: &str| text.parse().with_context(|| format!("{text} is no name"));
    let plan = Plan {
        vods,
        until: Step::Eval,
        dataset: name("demo")?,
        adapter: name("demo")?,
        speech_model: name("tiny.en")?,
        base: name("smollm2-135m-instruct")?,
        channel: name("demo")?,
        dataset_config: Some(write("dataset.toml", DATASET_CONFIG.as_bytes())?),
        train_config: None,
        eval_config: None,
        device: "cpu".to_owned(),
    };
    if run(&plan, job).await? != Exit::Done {
        return Ok(Exit::No);
    }
    let arguments = ["reply", "--channel", "demo", "--context", CONTEXT].map(str::to_owned);
    let answer = call(job, "infer", &arguments).await?;
    let answer = answer.lines.last().context("infer printed no reply")?;
    let reply = answer["reply"].as_str().unwrap_or_default();
    let id = answer["reply_id"].as_str().context("infer named no reply id")?;
    job.print(&format!("\nstreamer   {CONTEXT}\nchat       {reply}\n\nwhere the reply came from:"), answer)?;
    let code = show(job, "audit", &["lineage".to_owned(), id.to_owned()]).await?;
    Ok(if code == 0 { Exit::Done } else { Exit::No })
}
