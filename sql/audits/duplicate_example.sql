-- No example and no message stands twice in one dataset.
WITH found AS (
    SELECT
        run,
        min(example_id) AS subject,
        'message ' || message_id || ' stands ' || CAST(count(*) AS VARCHAR) || ' times' AS finding
    FROM example
    GROUP BY run, platform, vod_id, message_id
    HAVING count(*) > 1
    UNION ALL
    SELECT run, example_id AS subject, 'stands ' || CAST(count(*) AS VARCHAR) || ' times' AS finding
    FROM example
    GROUP BY run, example_id
    HAVING count(*) > 1
)
SELECT run, subject, finding
FROM found
ORDER BY run, subject, finding
