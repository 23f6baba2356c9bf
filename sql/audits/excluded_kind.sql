-- No example is a notice, a command, a well-known bot's message or one without a sender.
SELECT
    example.run,
    example.example_id AS subject,
    CASE
        WHEN message.notice IS NOT NULL THEN 'notice ' || message.notice
        WHEN message.user_id IS NULL THEN 'no sender'
        WHEN regexp_like(message.text, '^\s*![[:alpha:]]') THEN 'command ' || message.text
        ELSE 'bot ' || message.user_login
    END AS finding
FROM example
JOIN chat_message AS message
    ON message.run = example.ingest_run AND message.message_id = example.message_id
    AND message.platform = example.platform AND message.vod_id = example.vod_id
WHERE message.notice IS NOT NULL
    OR message.user_id IS NULL
    OR regexp_like(message.text, '^\s*![[:alpha:]]')
    OR lower(message.user_login) IN ('fossabot', 'moobot', 'nightbot', 'streamelements', 'streamlabs', 'wizebot')
ORDER BY run, subject
