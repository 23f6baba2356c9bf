//! Tables as bytes: the same rows give the same file, rows come back whatever their number, and a file of a stranger is
//! refused without a panic.

use bytes::Bytes;
use ids::{Digest, Platform};
use manifest::TableOutput;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use proptest::prelude::*;
use schemas::{ChatMessage, Tag, Word};
use store::{Store, StoreError, TableFile};

use crate::laws::key;

/// `count` rows of a small table.
pub fn tags(count: usize) -> Vec<Tag> {
    let tag = |number: usize| Tag {
        platform: Platform::File,
        vod_id: "a".parse().expect("an id"),
        message_id: format!("message-{number}"),
        filter: ["bots", "links", "spam"][number % 3].to_owned(),
        reason: String::new(),
    };
    (0..count).map(tag).collect()
}

/// A store with one run that wrote `rows`, where they are, and their bytes.
async fn written(rows: &[Tag]) -> (Store, TableOutput, Bytes) {
    let store = Store::in_memory();
    let mut run = store.begin(key("toy", 1)).unwrap();
    run.table::<Tag>(rows).await.unwrap();
    let run = run.commit().await.unwrap();
    let output = run.manifest.tables["tag"].clone();
    let bytes = store.objects().get(&Path::from(output.path.as_str())).await.unwrap().bytes().await.unwrap();
    assert_eq!(output.digest, Digest::of(&bytes));
    (store, output, bytes)
}

#[tokio::test]
async fn the_same_rows_are_the_same_bytes_and_come_back() {
    // Around the ends of row groups.
    for count in [0, 1, 1000, 65_535, 65_536, 65_537, 131_073] {
        let rows = tags(count);
        let (store, output, bytes) = written(&rows).await;
        let (_, again, same) = written(&rows).await;
        assert!(bytes == same, "{count} rows differ between two writes");
        assert_eq!((output.rows, output.size), (count as u64, bytes.len() as u64));
        assert_eq!(output, again);
        assert!(store.read_table::<Tag>(&output).await.unwrap() == rows, "{count} rows do not come back");
    }
}

#[tokio::test]
async fn a_table_file_has_the_bytes_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    // Around the ends of row groups and of what is held; lists and nulls, for their pages end elsewhere.
    for count in [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 131_072, 140_001] {
        let message = |number: usize| ChatMessage {
            message_id: format!("{:032x}", number as u128 * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834),
            ordinal: number as i64,
            offset_ms: number as i64 * 37,
            created_at_us: (!number.is_multiple_of(3)).then_some(number as i64 * 37_001),
            badges: (0..number % 4).map(|badge| format!("badge/{badge}")).collect(),
            notice: (number % 100 == 7).then(|| "raid".to_owned()),
            ..ChatMessage::plain(Platform::File, "a".parse().unwrap(), format!("text {}", number % 1777))
        };
        let rows: Vec<_> = (0..count).map(message).collect();
        let store = Store::in_memory();
        let mut run = store.begin(key("toy", 1)).unwrap();
        run.table::<ChatMessage>(&rows).await.unwrap();
        let whole = run.commit().await.unwrap();
        let mut table = TableFile::create(&folder.path().join(count.to_string())).unwrap();
        for row in rows {
            table.push(row).unwrap();
        }
        assert_eq!(table.rows(), count as u64);
        // The same store: other bytes would be an alarm.
        let mut run = store.begin(key("toy", 1)).unwrap();
        run.table_file(table).await.unwrap();
        assert_eq!(run.commit().await.unwrap().manifest, whole.manifest, "{count} rows");
    }
}

#[tokio::test]
async fn a_table_beyond_one_request_is_compared_when_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("file://{}", folder.path().join("store").display())).await.unwrap();
    // Seven bits of each byte of a digest do not compress.
    let table = |name: &str, last: &str| {
        let mut table = TableFile::create(&folder.path().join(name)).unwrap();
        for number in 0..22_000_u32 {
            let digest = |at: u8| Digest::of(&[&number.to_le_bytes()[..], &[at]].concat());
            let text = (0..128).flat_map(|at| digest(at).as_bytes().map(|byte| char::from(byte & 0x7f))).collect();
            table.push(Tag { reason: text, ..tags(1).remove(0) }).unwrap();
        }
        table.push(Tag { reason: last.to_owned(), ..tags(1).remove(0) }).unwrap();
        table
    };
    let mut manifests = Vec::new();
    for (name, last) in [("first", "a"), ("again", "a"), ("other", "b")] {
        let mut run = store.begin(key("toy", 1)).unwrap();
        let written = run.table_file(table(name, last)).await;
        if last == "b" {
            assert!(matches!(written, Err(StoreError::Differs { .. })), "{written:?}");
            continue;
        }
        written.unwrap();
        manifests.push(run.commit().await.unwrap().manifest);
    }
    assert_eq!(manifests[0], manifests[1]);
    let output = &manifests[0].tables["tag"];
    assert!(output.size > 64 << 20, "{} bytes are one request", output.size);
    assert_eq!(store.read_table::<Tag>(output).await.unwrap().len(), 22_001);
}

#[tokio::test]
async fn the_bytes_of_a_table_are_pinned() {
    // Another digest here orphans every run in the world: raise LOGIC_VERSION of every job with it.
    let (_, output, bytes) = written(&tags(1000)).await;
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("dougpt") && !text.contains("parquet-rs"), "the file names its writer's version");
    assert_eq!(output.digest.to_string(), PINNED);
}

/// Digest of the file of 1000 rows.
const PINNED: &str = "5bbf914ed4e438bbc6bd5cb178fd85b2aeb0edb1d36da18578a9a5aebfdf7c9b";

/// Puts `bytes` where a table lies and makes the manifest's digest fit them.
async fn forged(bytes: Vec<u8>) -> (Store, TableOutput) {
    let (store, mut output, _) = written(&tags(3)).await;
    output.digest = Digest::of(&bytes);
    store.objects().put(&Path::from(output.path.as_str()), bytes.into()).await.unwrap();
    (store, output)
}

#[tokio::test]
async fn a_table_of_another_schema_is_refused() {
    let (store, output, _) = written(&tags(3)).await;
    assert!(matches!(store.read_table::<Word>(&output).await, Err(StoreError::Schema { .. })));
    assert!(matches!(store.read_table::<ChatMessage>(&output).await, Err(StoreError::Schema { .. })));
    for bytes in [b"".as_slice(), b"PAR1", b"PAR1PAR1", b"no Parquet at all"] {
        let (store, output) = forged(bytes.to_vec()).await;
        assert!(matches!(store.read_table::<Tag>(&output).await, Err(StoreError::Parquet { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_forged_table_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_, _, bytes) = written(&tags(200)).await;
            let mut bytes = bytes.to_vec();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(at) = cut {
                bytes.truncate(at.index(bytes.len()));
            }
            let (store, output) = forged(bytes).await;
            // Whatever it gives, it gives it without a panic.
            let _ = store.read_table::<Tag>(&output).await;
        });
    }
}
