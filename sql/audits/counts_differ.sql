-- The counts in a dataset's manifest add up, and are the rows of its tables.
WITH counted AS (
    SELECT
        run_id,
        max(CASE WHEN name = 'turns' THEN value END) AS turns,
        max(CASE WHEN name = 'examples' THEN value END) AS examples,
        max(CASE WHEN name = 'dropped' THEN value END) AS dropped
    FROM run_count
    GROUP BY run_id
),
example_rows AS (SELECT run, count(*) AS found FROM example GROUP BY run),
dropped_rows AS (SELECT run, count(*) AS found FROM dropped GROUP BY run)
SELECT
    run.run_id AS run,
    'manifest' AS subject,
    'turns ' || coalesce(CAST(counted.turns AS VARCHAR), '?')
        || ', examples ' || coalesce(CAST(counted.examples AS VARCHAR), '?')
        || ' (rows ' || CAST(coalesce(example_rows.found, 0) AS VARCHAR) || ')'
        || ', dropped ' || coalesce(CAST(counted.dropped AS VARCHAR), '?')
        || ' (rows ' || CAST(coalesce(dropped_rows.found, 0) AS VARCHAR) || ')' AS finding
FROM run
LEFT JOIN counted ON counted.run_id = run.run_id
LEFT JOIN example_rows ON example_rows.run = run.run_id
LEFT JOIN dropped_rows ON dropped_rows.run = run.run_id
WHERE run.job = 'dataset'
    AND (
        counted.turns IS NULL OR counted.examples IS NULL OR counted.dropped IS NULL
        OR counted.turns <> counted.examples + counted.dropped
        OR counted.examples <> coalesce(example_rows.found, 0)
        OR counted.dropped <> coalesce(dropped_rows.found, 0)
    )
ORDER BY run
