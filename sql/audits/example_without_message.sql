-- Every example is a chat message of the ingest run it names, at the time it names.
SELECT example.run, example.example_id AS subject, 'message ' || example.message_id || ' is not there' AS finding
FROM example
LEFT JOIN chat_message AS message
    ON message.run = example.ingest_run AND message.message_id = example.message_id
    AND message.platform = example.platform AND message.vod_id = example.vod_id
    AND message.offset_ms = example.offset_ms
WHERE message.message_id IS NULL
ORDER BY run, subject
