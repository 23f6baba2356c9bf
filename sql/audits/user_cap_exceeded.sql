-- Nobody has more examples of one broadcast than the dataset's cap.
SELECT
    example.run,
    example.platform || '/' || example.vod_id || ' ' || example.author AS subject,
    CAST(count(*) AS VARCHAR) || ' examples, the cap is ' || cap.value AS finding
FROM example
JOIN chat_message AS message
    ON message.run = example.ingest_run AND message.message_id = example.message_id
    AND message.platform = example.platform AND message.vod_id = example.vod_id
JOIN run_param AS cap ON cap.run_id = example.run AND cap.name = 'config.caps.per_user_per_vod'
GROUP BY example.run, example.platform, example.vod_id, example.author, message.user_id, cap.value
HAVING count(*) > CAST(cap.value AS BIGINT)
ORDER BY run, subject
