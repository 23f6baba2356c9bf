-- Every run with its executions.
SELECT
    run.job, run.run_id, count(record.number) AS executions,
    min(record.elapsed_ms) AS fastest_ms, max(record.started_at) AS last_started_at
FROM run
LEFT JOIN run_record AS record ON record.run_id = run.run_id
GROUP BY run.job, run.run_id
ORDER BY run.job, last_started_at, run.run_id
