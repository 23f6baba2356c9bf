-- No text has more examples, in one broadcast or in all, than the dataset's caps.
WITH reply AS (
    SELECT
        run, platform, vod_id,
        btrim(regexp_replace(lower(reply), '[^\p{L}\p{N}]+', ' ', 'g')) AS words
    FROM example
),
found AS (
    SELECT
        reply.run,
        words AS subject,
        CAST(count(*) AS VARCHAR) || ' examples in ' || platform || '/' || vod_id || ', the cap is ' || cap.value
            AS finding
    FROM reply
    JOIN run_param AS cap ON cap.run_id = reply.run AND cap.name = 'config.caps.per_text_per_vod'
    WHERE words <> ''
    GROUP BY reply.run, platform, vod_id, words, cap.value
    HAVING count(*) > CAST(cap.value AS BIGINT)
    UNION ALL
    SELECT
        reply.run,
        words AS subject,
        CAST(count(*) AS VARCHAR) || ' examples, the cap is ' || cap.value AS finding
    FROM reply
    JOIN run_param AS cap ON cap.run_id = reply.run AND cap.name = 'config.caps.per_text'
    WHERE words <> ''
    GROUP BY reply.run, words, cap.value
    HAVING count(*) > CAST(cap.value AS BIGINT)
)
SELECT run, subject, finding
FROM found
ORDER BY run, subject, finding
