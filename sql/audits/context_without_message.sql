-- Every chat line of a context is an earlier message of the same broadcast.
WITH line AS (
    SELECT run, example_id, ingest_run, platform, vod_id, offset_ms, unnest(chat_message_ids) AS message_id
    FROM example
),
found AS (
    SELECT line.run, line.example_id AS subject, 'context line ' || line.message_id || ' is missing or later' AS finding
    FROM line
    LEFT JOIN chat_message AS message
        ON message.run = line.ingest_run AND message.message_id = line.message_id
        AND message.platform = line.platform AND message.vod_id = line.vod_id
    WHERE message.message_id IS NULL OR message.offset_ms > line.offset_ms
    UNION ALL
    SELECT run, example_id AS subject, 'context columns have different lengths' AS finding
    FROM example
    WHERE cardinality(chat_texts) <> cardinality(chat_message_ids)
        OR cardinality(chat_texts) <> cardinality(chat_authors)
)
SELECT run, subject, finding
FROM found
ORDER BY run, subject, finding
