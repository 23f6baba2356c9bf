-- One longer text by several people within a short time, or again and again in one broadcast.
-- scope: line
-- The limits are columns: DataFusion 55 moves a comparison of two sides of a join with a scalar subquery to one side.
WITH limits AS (
    SELECT
        max(CASE WHEN name = 'copypasta_characters' THEN CAST(value AS BIGINT) END) AS min_characters,
        max(CASE WHEN name = 'copypasta_people' THEN CAST(value AS BIGINT) END) AS min_people,
        max(CASE WHEN name = 'copypasta_times' THEN CAST(value AS BIGINT) END) AS min_times,
        max(CASE WHEN name = 'copypasta_window_ms' THEN CAST(value AS BIGINT) END) AS window_ms
    FROM setting
    WHERE name LIKE 'copypasta_%'
),
line AS (
    SELECT
        platform, vod_id, message_id, offset_ms, user_id,
        btrim(regexp_replace(lower(text_without_emotes), '[^\p{L}\p{N}]+', ' ', 'g')) AS words
    FROM chat_message
),
pasted AS (
    SELECT line.*, limits.*, count(*) OVER (PARTITION BY platform, vod_id, words) AS times
    FROM line
    CROSS JOIN limits
    WHERE character_length(words) >= min_characters
),
wave AS (
    SELECT a.platform, a.vod_id, a.message_id, a.min_people, count(DISTINCT b.user_id) AS people
    FROM pasted AS a
    JOIN pasted AS b
        ON a.platform = b.platform AND a.vod_id = b.vod_id AND a.words = b.words
        AND b.offset_ms BETWEEN a.offset_ms - a.window_ms AND a.offset_ms + a.window_ms
    WHERE a.times > 1
    GROUP BY a.platform, a.vod_id, a.message_id, a.min_people
)
SELECT platform, vod_id, message_id, 'pasted by ' || CAST(people AS VARCHAR) || ' people' AS reason
FROM wave
WHERE people >= min_people
UNION ALL
SELECT platform, vod_id, message_id, 'pasted ' || CAST(times AS VARCHAR) || ' times' AS reason
FROM pasted
WHERE times >= min_times
