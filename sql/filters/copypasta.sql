-- One longer text by several people within a short time, or again and again in one broadcast.
-- scope: line
WITH line AS (
    SELECT
        platform, vod_id, message_id, offset_ms, user_id,
        btrim(regexp_replace(lower(text_without_emotes), '[^\p{L}\p{N}]+', ' ', 'g')) AS words
    FROM chat_message
),
long_line AS (
    SELECT *, count(*) OVER (PARTITION BY platform, vod_id, words) AS times
    FROM line
    WHERE character_length(words)
        >= (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'copypasta_characters')
),
wave AS (
    SELECT a.platform, a.vod_id, a.message_id, count(DISTINCT b.user_id) AS people
    FROM long_line AS a
    JOIN long_line AS b ON a.platform = b.platform AND a.vod_id = b.vod_id AND a.words = b.words
    WHERE a.times > 1
        AND abs(a.offset_ms - b.offset_ms)
            <= (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'copypasta_window_ms')
    GROUP BY a.platform, a.vod_id, a.message_id
)
SELECT platform, vod_id, message_id, 'pasted by ' || CAST(people AS VARCHAR) || ' people' AS reason
FROM wave
WHERE people >= (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'copypasta_people')
UNION ALL
SELECT platform, vod_id, message_id, 'pasted ' || CAST(times AS VARCHAR) || ' times' AS reason
FROM long_line
WHERE times >= (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'copypasta_times')
