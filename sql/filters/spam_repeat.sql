-- One sender with one text: all of it from a number of times on, below that all but the first.
-- scope: line
WITH line AS (
    SELECT
        platform, vod_id, message_id, ordinal, user_id,
        lower(btrim(regexp_replace(text, '\s+', ' ', 'g'))) AS words
    FROM chat_message
    WHERE user_id IS NOT NULL
),
counted AS (
    SELECT
        platform, vod_id, message_id,
        count(*) OVER (PARTITION BY platform, vod_id, user_id, words) AS times,
        row_number() OVER (PARTITION BY platform, vod_id, user_id, words ORDER BY ordinal) AS position
    FROM line
)
SELECT
    platform, vod_id, message_id,
    'said ' || CAST(times AS VARCHAR) || ' times by one sender' AS reason
FROM counted
WHERE position > 1 OR times >= (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'repeat_times')
