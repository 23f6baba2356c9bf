-- A broadcast stands in one split of a dataset and in no other.
SELECT run, platform || '/' || vod_id AS subject, 'in ' || CAST(count(DISTINCT split) AS VARCHAR) || ' splits' AS finding
FROM example
GROUP BY run, platform, vod_id
HAVING count(DISTINCT split) > 1
ORDER BY run, subject
