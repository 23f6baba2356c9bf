-- What was dropped from each dataset version, and why.
SELECT version.name, version.version, dropped.filter, count(*) AS messages
FROM dataset_version AS version
JOIN dropped ON dropped.run = version.run_id
GROUP BY version.name, version.version, dropped.filter
ORDER BY version.name, version.version, messages DESC, dropped.filter
