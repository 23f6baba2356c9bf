-- Every dataset version with its splits.
SELECT
    version.name, version.version, example.split,
    count(DISTINCT example.platform || '/' || example.vod_id) AS vods,
    count(*) AS examples,
    count(DISTINCT example.author) AS authors
FROM dataset_version AS version
JOIN example ON example.run = version.run_id
GROUP BY version.name, version.version, example.split
ORDER BY version.name, version.version, example.split
