-- The example `$id` with its message, its words and its media, in every dataset that has it.
SELECT
    example.run, example.example_id, example.split, example.platform, example.vod_id, example.message_id,
    example.offset_ms, example.author, example.reply, example.transcript, example.window_start_ms,
    example.window_end_ms, example.first_word, example.last_word, example.media_digest, example.audio_digest,
    example.ingest_run, example.transcribe_run, example.align_run,
    message.ordinal AS message_ordinal, message.text AS message_text,
    first_word.start_ms AS words_start_ms, last_word.end_ms AS words_end_ms,
    vod.source, vod.title, vod.chat_digest
FROM example
LEFT JOIN chat_message AS message
    ON message.run = example.ingest_run AND message.message_id = example.message_id
    AND message.platform = example.platform AND message.vod_id = example.vod_id
LEFT JOIN word AS first_word
    ON first_word.run = example.transcribe_run AND first_word.ordinal = example.first_word
    AND first_word.platform = example.platform AND first_word.vod_id = example.vod_id
LEFT JOIN word AS last_word
    ON last_word.run = example.transcribe_run AND last_word.ordinal = example.last_word
    AND last_word.platform = example.platform AND last_word.vod_id = example.vod_id
LEFT JOIN vod
    ON vod.run = example.ingest_run AND vod.platform = example.platform AND vod.vod_id = example.vod_id
WHERE example.example_id = $id
ORDER BY example.run
