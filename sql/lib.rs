//! The SQL files of this folder by name: filters, audits, reports.
//!
//! - `filters/*.sql` give `(platform, vod_id, message_id, reason)`: why a chat message is not to be used. The second line
//!   says whether that holds for the message as a [`Scope::Line`] of anybody's context too, or as a [`Scope::Reply`] only.
//! - `audits/*.sql` give `(run, subject, finding)`: what contradicts the rule in their first line. No row is a pass.
//! - `reports/*.sql` answer questions; `$id` is a parameter.
//! - `slt/*.slt` show for each filter and audit a case that passes and one that does not.

/// What a query is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Finds chat messages not to use.
    Filter,
    /// Finds what contradicts a rule.
    Audit,
    /// Answers a question.
    Report,
}

/// To what a filter applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// To the message wherever it would stand: as a reply and as a line of a context.
    Line,
    /// To the message as a reply only.
    Reply,
}

/// One SQL file.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// File name without `.sql`.
    pub name: &'static str,
    /// What it is for.
    pub kind: Kind,
    /// The SQL with its comments.
    pub text: &'static str,
}

impl Query {
    /// The first line: what the query guards, finds or answers.
    pub fn title(&self) -> &'static str {
        self.comment(0)
    }

    /// To what a filter applies, by its second line.
    pub fn scope(&self) -> Scope {
        if self.comment(1) == "scope: line" { Scope::Line } else { Scope::Reply }
    }

    fn comment(&self, line: usize) -> &'static str {
        let comment = self.text.lines().nth(line).and_then(|line| line.strip_prefix("--"));
        comment.unwrap_or_default().trim()
    }
}

/// Every query. Filters stand in the order in which they decide: a message with several tags is dropped by the first.
pub const ALL: &[Query] = &[
    Query { name: "notice", kind: Kind::Filter, text: include_str!("filters/notice.sql") },
    Query { name: "bot", kind: Kind::Filter, text: include_str!("filters/bot.sql") },
    Query { name: "command", kind: Kind::Filter, text: include_str!("filters/command.sql") },
    Query { name: "no_user", kind: Kind::Filter, text: include_str!("filters/no_user.sql") },
    Query { name: "control_tokens", kind: Kind::Filter, text: include_str!("filters/control_tokens.sql") },
    Query { name: "garbled", kind: Kind::Filter, text: include_str!("filters/garbled.sql") },
    Query { name: "link", kind: Kind::Filter, text: include_str!("filters/link.sql") },
    Query { name: "pii", kind: Kind::Filter, text: include_str!("filters/pii.sql") },
    Query { name: "guarded", kind: Kind::Filter, text: include_str!("filters/guarded.sql") },
    Query { name: "copypasta", kind: Kind::Filter, text: include_str!("filters/copypasta.sql") },
    Query { name: "spam_repeat", kind: Kind::Filter, text: include_str!("filters/spam_repeat.sql") },
    Query { name: "emote_only", kind: Kind::Filter, text: include_str!("filters/emote_only.sql") },
    Query { name: "too_short", kind: Kind::Filter, text: include_str!("filters/too_short.sql") },
    Query { name: "too_long", kind: Kind::Filter, text: include_str!("filters/too_long.sql") },
    Query { name: "not_aligned", kind: Kind::Filter, text: include_str!("filters/not_aligned.sql") },
    Query { name: "lag_verdict", kind: Kind::Filter, text: include_str!("filters/lag_verdict.sql") },
    Query { name: "suspect_speech", kind: Kind::Filter, text: include_str!("filters/suspect_speech.sql") },
    Query { name: "low_context", kind: Kind::Filter, text: include_str!("filters/low_context.sql") },
    Query {
        name: "broadcast_in_two_splits",
        kind: Kind::Audit,
        text: include_str!("audits/broadcast_in_two_splits.sql"),
    },
    Query {
        name: "context_without_message",
        kind: Kind::Audit,
        text: include_str!("audits/context_without_message.sql"),
    },
    Query { name: "counts_differ", kind: Kind::Audit, text: include_str!("audits/counts_differ.sql") },
    Query { name: "dropped_without_tag", kind: Kind::Audit, text: include_str!("audits/dropped_without_tag.sql") },
    Query { name: "duplicate_example", kind: Kind::Audit, text: include_str!("audits/duplicate_example.sql") },
    Query { name: "empty_reply", kind: Kind::Audit, text: include_str!("audits/empty_reply.sql") },
    Query { name: "evaluated_on_training", kind: Kind::Audit, text: include_str!("audits/evaluated_on_training.sql") },
    Query {
        name: "example_lineage_broken",
        kind: Kind::Audit,
        text: include_str!("audits/example_lineage_broken.sql"),
    },
    Query {
        name: "example_without_message",
        kind: Kind::Audit,
        text: include_str!("audits/example_without_message.sql"),
    },
    Query { name: "example_without_words", kind: Kind::Audit, text: include_str!("audits/example_without_words.sql") },
    Query { name: "excluded_kind", kind: Kind::Audit, text: include_str!("audits/excluded_kind.sql") },
    Query { name: "input_missing", kind: Kind::Audit, text: include_str!("audits/input_missing.sql") },
    Query { name: "login_as_author", kind: Kind::Audit, text: include_str!("audits/login_as_author.sql") },
    Query { name: "login_in_text", kind: Kind::Audit, text: include_str!("audits/login_in_text.sql") },
    Query { name: "media_digest_differs", kind: Kind::Audit, text: include_str!("audits/media_digest_differs.sql") },
    Query { name: "message_order", kind: Kind::Audit, text: include_str!("audits/message_order.sql") },
    Query { name: "messages_lost", kind: Kind::Audit, text: include_str!("audits/messages_lost.sql") },
    Query { name: "model_missing", kind: Kind::Audit, text: include_str!("audits/model_missing.sql") },
    Query { name: "parity_mismatch", kind: Kind::Audit, text: include_str!("audits/parity_mismatch.sql") },
    Query {
        name: "release_digest_differs",
        kind: Kind::Audit,
        text: include_str!("audits/release_digest_differs.sql"),
    },
    Query { name: "release_without_pass", kind: Kind::Audit, text: include_str!("audits/release_without_pass.sql") },
    Query { name: "renderer_differs", kind: Kind::Audit, text: include_str!("audits/renderer_differs.sql") },
    Query { name: "reply_before_window", kind: Kind::Audit, text: include_str!("audits/reply_before_window.sql") },
    Query { name: "reply_in_two_splits", kind: Kind::Audit, text: include_str!("audits/reply_in_two_splits.sql") },
    Query { name: "reply_not_released", kind: Kind::Audit, text: include_str!("audits/reply_not_released.sql") },
    Query { name: "reply_without_guard", kind: Kind::Audit, text: include_str!("audits/reply_without_guard.sql") },
    Query { name: "split_not_in_ledger", kind: Kind::Audit, text: include_str!("audits/split_not_in_ledger.sql") },
    Query { name: "tagged_example", kind: Kind::Audit, text: include_str!("audits/tagged_example.sql") },
    Query { name: "text_cap_exceeded", kind: Kind::Audit, text: include_str!("audits/text_cap_exceeded.sql") },
    Query { name: "turn_unaccounted", kind: Kind::Audit, text: include_str!("audits/turn_unaccounted.sql") },
    Query { name: "uncertain_offset", kind: Kind::Audit, text: include_str!("audits/uncertain_offset.sql") },
    Query { name: "user_cap_exceeded", kind: Kind::Audit, text: include_str!("audits/user_cap_exceeded.sql") },
    Query { name: "utterance_order", kind: Kind::Audit, text: include_str!("audits/utterance_order.sql") },
    Query { name: "window_outside_vod", kind: Kind::Audit, text: include_str!("audits/window_outside_vod.sql") },
    Query { name: "word_order", kind: Kind::Audit, text: include_str!("audits/word_order.sql") },
    Query { name: "datasets", kind: Kind::Report, text: include_str!("reports/datasets.sql") },
    Query { name: "drops", kind: Kind::Report, text: include_str!("reports/drops.sql") },
    Query { name: "lineage_dataset", kind: Kind::Report, text: include_str!("reports/lineage_dataset.sql") },
    Query { name: "lineage_example", kind: Kind::Report, text: include_str!("reports/lineage_example.sql") },
    Query { name: "lineage_examples", kind: Kind::Report, text: include_str!("reports/lineage_examples.sql") },
    Query { name: "lineage_message", kind: Kind::Report, text: include_str!("reports/lineage_message.sql") },
    Query { name: "lineage_reply", kind: Kind::Report, text: include_str!("reports/lineage_reply.sql") },
    Query { name: "lineage_runs", kind: Kind::Report, text: include_str!("reports/lineage_runs.sql") },
    Query { name: "replies", kind: Kind::Report, text: include_str!("reports/replies.sql") },
    Query { name: "runs", kind: Kind::Report, text: include_str!("reports/runs.sql") },
];

/// The queries of one kind, in order.
pub fn of(kind: Kind) -> impl Iterator<Item = &'static Query> {
    ALL.iter().filter(move |query| query.kind == kind)
}

/// The query of a kind called `name`.
pub fn named(kind: Kind, name: &str) -> Option<&'static Query> {
    of(kind).find(|query| query.name == name)
}

/// `CREATE EXTERNAL TABLE` for every table of a store; made from the schemas.
pub const TABLES: &str = include_str!("tables.sql");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    const FOLDERS: [(Kind, &str); 3] = [(Kind::Filter, "filters"), (Kind::Audit, "audits"), (Kind::Report, "reports")];

    #[test]
    fn every_file_is_registered_once_and_under_its_own_name() {
        for (kind, folder) in FOLDERS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let mut files = BTreeSet::new();
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                assert_eq!(path.extension().unwrap(), "sql", "{}", path.display());
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                assert_eq!(named(kind, &name).map(|query| query.text), Some(text.as_str()), "{}", path.display());
                files.insert(name);
            }
            assert_eq!(files.len(), of(kind).count(), "{kind:?}: a file is registered twice or missing");
        }
    }

    #[test]
    fn every_query_says_what_it_is_for_and_gives_its_rows_in_order() {
        for query in ALL {
            let title = query.title();
            assert!(title.ends_with('.') && title.len() > 10, "{}: {title:?}", query.name);
            match query.kind {
                Kind::Filter => {
                    assert!(matches!(query.comment(1), "scope: line" | "scope: reply"), "{}", query.name);
                }
                Kind::Audit | Kind::Report => assert!(query.text.contains("\nORDER BY "), "{}", query.name),
            }
        }
    }

    #[test]
    fn every_filter_and_audit_is_shown_to_pass_and_to_trip() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("slt");
        let mut cases = String::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            cases.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
        for query in ALL.iter().filter(|query| query.kind != Kind::Report) {
            let times = cases.lines().filter(|line| *line == format!("run {}", query.name)).count();
            assert!(times >= 2, "{}: run it in slt/ on a case that passes and on one that does not", query.name);
        }
    }
}
