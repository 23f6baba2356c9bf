-- The tables of a store for DataFusion's own shell: in the store's folder, `datafusion-cli -f .../sql/tables.sql`.
-- Made from schemas/ by a test of the engine; `audit sql` has these tables already, and of committed runs only.

-- One broadcast as one ingest run found it.
CREATE EXTERNAL TABLE vod (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "source" VARCHAR NOT NULL,
    "title" VARCHAR,
    "channel" VARCHAR,
    "started_at" VARCHAR,
    "duration_ms" BIGINT NOT NULL,
    "media_digest" VARCHAR,
    "audio_digest" VARCHAR,
    "chat_digest" VARCHAR,
    "chat_format" VARCHAR,
    "messages" BIGINT NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/vod/v1/';

-- One media object: the source as it was given or what was made of it.
CREATE EXTERNAL TABLE media (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "role" VARCHAR NOT NULL,
    "digest" VARCHAR NOT NULL,
    "size" BIGINT NOT NULL,
    "stored" BOOLEAN NOT NULL,
    "container" VARCHAR NOT NULL,
    "codec" VARCHAR NOT NULL,
    "sample_rate" BIGINT NOT NULL,
    "channels" BIGINT NOT NULL,
    "duration_ms" BIGINT NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/media/v1/';

-- One media segment of a broadcast, as it was served.
CREATE EXTERNAL TABLE segment (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "ordinal" BIGINT NOT NULL,
    "start_ms" BIGINT NOT NULL,
    "duration_ms" BIGINT NOT NULL,
    "name" VARCHAR NOT NULL,
    "variant" VARCHAR NOT NULL,
    "discontinuity" BOOLEAN NOT NULL,
    "program_date_time" VARCHAR,
    "digest" VARCHAR,
    "size" BIGINT NOT NULL,
    "gap" VARCHAR,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/segment/v1/';

-- One stretch of a broadcast: a chapter, silence made by the platform, or media that is missing.
CREATE EXTERNAL TABLE span (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "kind" VARCHAR NOT NULL,
    "start_ms" BIGINT NOT NULL,
    "end_ms" BIGINT NOT NULL,
    "label" VARCHAR,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/span/v1/';

-- One chat message, ordered by offset_ms, created_at_us and message_id.
CREATE EXTERNAL TABLE chat_message (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "message_id" VARCHAR NOT NULL,
    "ordinal" BIGINT NOT NULL,
    "offset_ms" BIGINT NOT NULL,
    "restoration" VARCHAR NOT NULL,
    "offset_raw_ms" BIGINT,
    "created_at_us" BIGINT,
    "deleted_at_ms" BIGINT,
    "user_id" VARCHAR,
    "user_login" VARCHAR,
    "display_name" VARCHAR,
    "user_color" VARCHAR,
    "text" VARCHAR NOT NULL,
    "emotes" VARCHAR[] NOT NULL,
    "text_without_emotes" VARCHAR NOT NULL,
    "fragments" VARCHAR[] NOT NULL,
    "fragment_emotes" VARCHAR[] NOT NULL,
    "badges" VARCHAR[] NOT NULL,
    "notice" VARCHAR,
    "system_text" VARCHAR,
    "reply_to" VARCHAR,
    "reply_to_login" VARCHAR,
    "is_action" BOOLEAN NOT NULL,
    "bits" BIGINT NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/chat_message/v2/';

-- One element of an input that was not taken, and why.
CREATE EXTERNAL TABLE problem (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "input" VARCHAR NOT NULL,
    "position" BIGINT NOT NULL,
    "reason" VARCHAR NOT NULL,
    "detail" VARCHAR NOT NULL,
    "raw" VARCHAR NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/problem/v1/';

-- One stretch of speech, bounded by voice activity detection.
CREATE EXTERNAL TABLE utterance (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "ordinal" BIGINT NOT NULL,
    "start_ms" BIGINT NOT NULL,
    "end_ms" BIGINT NOT NULL,
    "text" VARCHAR NOT NULL,
    "words" BIGINT NOT NULL,
    "probability" DOUBLE NOT NULL,
    "no_speech" DOUBLE NOT NULL,
    "language" VARCHAR NOT NULL,
    "suspect" VARCHAR[] NOT NULL,
    "model_digest" VARCHAR NOT NULL,
    "engine" VARCHAR NOT NULL,
    "timing" VARCHAR NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/utterance/v2/';

-- One recognised word; times from dynamic time warping over cross-attention.
CREATE EXTERNAL TABLE word (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "ordinal" BIGINT NOT NULL,
    "utterance" BIGINT NOT NULL,
    "start_ms" BIGINT NOT NULL,
    "end_ms" BIGINT NOT NULL,
    "text" VARCHAR NOT NULL,
    "probability" DOUBLE NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/word/v1/';

-- One stretch of a broadcast with one lag between speech and the chat that answers it.
CREATE EXTERNAL TABLE offset_segment (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "from_ms" BIGINT NOT NULL,
    "to_ms" BIGINT NOT NULL,
    "verdict" VARCHAR NOT NULL,
    "lag_ms" BIGINT,
    "low_ms" BIGINT,
    "high_ms" BIGINT,
    "clock_shift_ms" BIGINT,
    "clock" VARCHAR,
    "reaction_ms" BIGINT,
    "p_value" DOUBLE NOT NULL,
    "peak_ratio" DOUBLE NOT NULL,
    "echoes" BIGINT NOT NULL,
    "messages" BIGINT NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/offset_segment/v2/';

-- One chat message tied to what the streamer had said when it was written.
CREATE EXTERNAL TABLE aligned_turn (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "message_id" VARCHAR NOT NULL,
    "ordinal" BIGINT NOT NULL,
    "offset_ms" BIGINT NOT NULL,
    "status" VARCHAR NOT NULL,
    "lag_ms" BIGINT,
    "window_start_ms" BIGINT,
    "window_end_ms" BIGINT,
    "first_word" BIGINT,
    "last_word" BIGINT,
    "transcript" VARCHAR NOT NULL,
    "echo" DOUBLE NOT NULL,
    "shared" VARCHAR[] NOT NULL,
    "burst" DOUBLE NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/aligned_turn/v2/';

-- One reason not to use one chat message; a message may have several.
CREATE EXTERNAL TABLE tag (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "message_id" VARCHAR NOT NULL,
    "filter" VARCHAR NOT NULL,
    "reason" VARCHAR NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/tag/v1/';

-- One context and the chat message that answered it.
CREATE EXTERNAL TABLE example (
    "example_id" VARCHAR NOT NULL,
    "split" VARCHAR NOT NULL,
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "message_id" VARCHAR NOT NULL,
    "offset_ms" BIGINT NOT NULL,
    "author" VARCHAR NOT NULL,
    "channel" VARCHAR NOT NULL,
    "transcript" VARCHAR NOT NULL,
    "chat_authors" VARCHAR[] NOT NULL,
    "chat_texts" VARCHAR[] NOT NULL,
    "chat_message_ids" VARCHAR[] NOT NULL,
    "reply" VARCHAR NOT NULL,
    "window_start_ms" BIGINT NOT NULL,
    "window_end_ms" BIGINT NOT NULL,
    "first_word" BIGINT NOT NULL,
    "last_word" BIGINT NOT NULL,
    "media_digest" VARCHAR NOT NULL,
    "audio_digest" VARCHAR NOT NULL,
    "ingest_run" VARCHAR NOT NULL,
    "transcribe_run" VARCHAR NOT NULL,
    "align_run" VARCHAR NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/example/v1/';

-- One chat message that did not become an example, with the first reason.
CREATE EXTERNAL TABLE dropped (
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "message_id" VARCHAR NOT NULL,
    "filter" VARCHAR NOT NULL,
    "reason" VARCHAR NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/dropped/v1/';

-- One measurement of one optimiser step.
CREATE EXTERNAL TABLE train_metric (
    "step" BIGINT NOT NULL,
    "split" VARCHAR NOT NULL,
    "loss" DOUBLE NOT NULL,
    "tokens" BIGINT NOT NULL,
    "learning_rate" DOUBLE,
    "grad_norm" DOUBLE,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/train_metric/v1/';

-- One held-out example under one system.
CREATE EXTERNAL TABLE eval_sample (
    "system" VARCHAR NOT NULL,
    "example_id" VARCHAR NOT NULL,
    "platform" VARCHAR NOT NULL,
    "vod_id" VARCHAR NOT NULL,
    "nll" DOUBLE NOT NULL,
    "tokens" BIGINT NOT NULL,
    "prompt_digest" VARCHAR NOT NULL,
    "reply" VARCHAR,
    "toxicity" DOUBLE,
    "guard" VARCHAR,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/eval_sample/v1/';

-- One metric of one evaluation.
CREATE EXTERNAL TABLE eval_result (
    "metric" VARCHAR NOT NULL,
    "candidate" DOUBLE,
    "baseline" DOUBLE,
    "human" DOUBLE,
    "difference" DOUBLE,
    "low" DOUBLE,
    "high" DOUBLE,
    "bound" DOUBLE,
    "count" BIGINT NOT NULL,
    "verdict" VARCHAR NOT NULL,
    "rule" VARCHAR NOT NULL,
    "run" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (run) LOCATION 'tables/eval_result/v1/';

-- One event of a server or of a single reply.
CREATE EXTERNAL TABLE infer_log (
    "at_ms" BIGINT NOT NULL,
    "event" VARCHAR NOT NULL,
    "request_id" VARCHAR NOT NULL,
    "reply_id" VARCHAR,
    "route" VARCHAR NOT NULL,
    "channel" VARCHAR NOT NULL,
    "release" BIGINT NOT NULL,
    "adapter" VARCHAR NOT NULL,
    "train_run" VARCHAR NOT NULL,
    "adapter_digest" VARCHAR NOT NULL,
    "base_digest" VARCHAR NOT NULL,
    "renderer_digest" VARCHAR NOT NULL,
    "prompt_digest" VARCHAR,
    "transcript" VARCHAR,
    "reply" VARCHAR,
    "prompt_tokens" BIGINT NOT NULL,
    "reply_tokens" BIGINT NOT NULL,
    "guard_input" VARCHAR NOT NULL,
    "guard_output" VARCHAR,
    "findings" VARCHAR[] NOT NULL,
    "parity_checked" BOOLEAN NOT NULL,
    "parity_mismatch" BOOLEAN NOT NULL,
    "seed" BIGINT NOT NULL,
    "latency_ms" BIGINT NOT NULL,
    "status" BIGINT NOT NULL,
    "date" VARCHAR NOT NULL
) STORED AS PARQUET PARTITIONED BY (date) LOCATION 'logs/infer/';
