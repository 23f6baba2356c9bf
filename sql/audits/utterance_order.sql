-- Utterances are numbered from 0, have a length, do not overlap and lie within the broadcast.
WITH numbered AS (
    SELECT
        run, platform, vod_id, ordinal, start_ms, end_ms,
        row_number() OVER (PARTITION BY run, platform, vod_id ORDER BY ordinal) - 1 AS expected,
        lag(end_ms) OVER (PARTITION BY run, platform, vod_id ORDER BY ordinal) AS before_ms
    FROM utterance
),
extent AS (
    SELECT platform, vod_id, max(duration_ms) AS duration_ms FROM vod GROUP BY platform, vod_id
)
SELECT
    numbered.run,
    numbered.platform || '/' || numbered.vod_id || ' utterance ' || CAST(ordinal AS VARCHAR) AS subject,
    CASE
        WHEN ordinal <> expected THEN 'is number ' || CAST(expected AS VARCHAR)
        WHEN start_ms >= end_ms THEN 'has no length'
        WHEN before_ms > start_ms THEN 'begins before the last one ends'
        ELSE 'lies outside the broadcast'
    END AS finding
FROM numbered
LEFT JOIN extent ON extent.platform = numbered.platform AND extent.vod_id = numbered.vod_id
WHERE ordinal <> expected OR start_ms >= end_ms OR before_ms > start_ms OR start_ms < 0
    -- Containers round their length; a few frames are not a fault.
    OR end_ms > extent.duration_ms + 100
ORDER BY run, subject
