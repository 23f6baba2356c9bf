//! One file per table: row struct, Arrow fields and conversion side by side.
//!
//! A table is declared once with [`table!`]; the struct, the Arrow schema, the golden description in `golden/` and the
//! conversions follow from that. Fields are added under a new version, never retyped.

mod column;
mod table;

mod aligned_turn;
mod chat_message;
mod dropped;
mod eval_result;
mod eval_sample;
mod example;
mod infer_log;
mod media;
mod offset_segment;
mod problem;
mod segment;
mod span;
mod tag;
mod train_metric;
mod utterance;
mod vod;
mod word;

pub use aligned_turn::AlignedTurn;
pub use chat_message::ChatMessage;
pub use column::Column;
pub use dropped::Dropped;
pub use eval_result::EvalResult;
pub use eval_sample::EvalSample;
pub use example::Example;
pub use infer_log::InferLog;
pub use media::Media;
pub use offset_segment::OffsetSegment;
pub use problem::Problem;
pub use segment::Segment;
pub use span::Span;
pub use table::{Field, Row, SchemaError, Table};
pub use tag::Tag;
pub use train_metric::TrainMetric;
pub use utterance::Utterance;
pub use vod::Vod;
pub use word::Word;

/// Every table, in the order in which a stream becomes replies.
pub const TABLES: &[&Table] = &[
    Vod::TABLE,
    Media::TABLE,
    Segment::TABLE,
    Span::TABLE,
    ChatMessage::TABLE,
    Problem::TABLE,
    Utterance::TABLE,
    Word::TABLE,
    OffsetSegment::TABLE,
    AlignedTurn::TABLE,
    Tag::TABLE,
    Example::TABLE,
    Dropped::TABLE,
    TrainMetric::TABLE,
    EvalSample::TABLE,
    EvalResult::TABLE,
    InferLog::TABLE,
];
