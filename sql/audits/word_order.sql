-- Words are numbered from 0, in order of time, and belong to an utterance.
WITH numbered AS (
    SELECT
        run, platform, vod_id, ordinal, utterance, start_ms, end_ms,
        row_number() OVER (PARTITION BY run, platform, vod_id ORDER BY ordinal) - 1 AS expected,
        lag(start_ms) OVER (PARTITION BY run, platform, vod_id ORDER BY ordinal) AS before_ms
    FROM word
)
SELECT
    numbered.run,
    numbered.platform || '/' || numbered.vod_id || ' word ' || CAST(numbered.ordinal AS VARCHAR) AS subject,
    CASE
        WHEN numbered.ordinal <> expected THEN 'is number ' || CAST(expected AS VARCHAR)
        WHEN numbered.start_ms > numbered.end_ms THEN 'ends before it begins'
        WHEN numbered.before_ms > numbered.start_ms THEN 'begins before the last one'
        WHEN numbered.start_ms < 0 THEN 'begins before the broadcast'
        ELSE 'belongs to no utterance'
    END AS finding
FROM numbered
LEFT JOIN utterance
    ON utterance.run = numbered.run AND utterance.platform = numbered.platform
    AND utterance.vod_id = numbered.vod_id AND utterance.ordinal = numbered.utterance
WHERE numbered.ordinal <> expected OR numbered.start_ms > numbered.end_ms
    OR numbered.before_ms > numbered.start_ms OR numbered.start_ms < 0
    OR utterance.ordinal IS NULL
ORDER BY run, subject
