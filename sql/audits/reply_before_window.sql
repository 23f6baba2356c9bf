-- No reply was written before the words it answers were said.
SELECT
    run,
    example_id AS subject,
    'written at ' || CAST(offset_ms AS VARCHAR) || ' ms, window ends at ' || CAST(window_end_ms AS VARCHAR) AS finding
FROM example
WHERE offset_ms < window_end_ms
ORDER BY run, subject
