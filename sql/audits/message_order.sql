-- Chat messages are numbered from 0 without a gap, in order of time, each id once.
WITH numbered AS (
    SELECT
        run, message_id, ordinal, offset_ms,
        row_number() OVER (PARTITION BY run, platform, vod_id ORDER BY ordinal) - 1 AS expected,
        lag(offset_ms) OVER (PARTITION BY run, platform, vod_id ORDER BY ordinal) AS before_ms,
        count(*) OVER (PARTITION BY run, platform, vod_id, message_id) AS times
    FROM chat_message
)
SELECT
    run,
    message_id AS subject,
    CASE
        WHEN times > 1 THEN 'id stands ' || CAST(times AS VARCHAR) || ' times'
        WHEN ordinal <> expected
            THEN 'number ' || CAST(ordinal AS VARCHAR) || ' at position ' || CAST(expected AS VARCHAR)
        ELSE 'earlier than the message before'
    END AS finding
FROM numbered
WHERE times > 1 OR ordinal <> expected OR before_ms > offset_ms
ORDER BY run, subject, finding
