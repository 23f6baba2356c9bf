//! Which comments a page holds: by offset it starts earlier than asked, by cursor it goes on without gap.

use serde_json::{Value, json};

use super::chat::Message;
use super::scenario::{Chat, Vod};

/// What a page is asked by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum By<'a> {
    Offset(i64),
    Cursor(&'a str),
}

/// What there is at that place.
pub(super) enum Page {
    /// Edges, and whether more follow; possibly none.
    Comments(Value),
    /// Beyond the end, or no cursor of ours: no edges and an error beside them.
    Beyond(Value),
}

/// The comments of one page.
pub(super) fn page(messages: &[Message], chat: &Chat, vod: &Vod, by: By) -> Page {
    let first = match by {
        By::Cursor("") => 0,
        By::Cursor(cursor) => match number(cursor) {
            Some(last) => messages.partition_point(|message| message.number <= last),
            None => return Page::Beyond(edges(&[], vod, false, false)),
        },
        By::Offset(second) if second > vod.length_seconds as i64 + chat.offset_shift_seconds.max(0) => {
            return Page::Beyond(edges(&[], vod, false, false));
        }
        By::Offset(second) => {
            messages.partition_point(|message| message.second < second).saturating_sub(chat.page_lead)
        }
    };
    let last = messages.len().min(first + chat.page_size.max(1));
    Page::Comments(edges(&messages[first..last], vod, last < messages.len(), first > 0))
}

fn edges(messages: &[Message], vod: &Vod, next: bool, previous: bool) -> Value {
    let edge = |message: &Message| {
        let cursor = cursor(message, vod);
        json!({"cursor": cursor, "node": message.node(), "__typename": "VideoCommentEdge"})
    };
    json!({
        "edges": messages.iter().map(edge).collect::<Vec<_>>(),
        "pageInfo": {"hasNextPage": next, "hasPreviousPage": previous, "__typename": "PageInfo"},
        "__typename": "VideoCommentConnection",
    })
}

/// Opaque to clients; the number stays right when other messages are deleted.
fn cursor(message: &Message, vod: &Vod) -> String {
    let text = json!({"id": message.id, "hk": format!("broadcast:{}", vod.stream_id), "of": message.number, "v": 2});
    super::base64(text.to_string().as_bytes())
}

fn number(cursor: &str) -> Option<usize> {
    let text: Value = serde_json::from_slice(&super::from_base64(cursor)?).ok()?;
    usize::try_from(text["of"].as_u64()?).ok()
}
