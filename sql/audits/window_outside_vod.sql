-- Every transcript window has a length and lies within its broadcast.
SELECT
    example.run,
    example.example_id AS subject,
    'window ' || CAST(window_start_ms AS VARCHAR) || ' to ' || CAST(window_end_ms AS VARCHAR)
        || ' of ' || CAST(vod.duration_ms AS VARCHAR) || ' ms' AS finding
FROM example
JOIN vod ON vod.run = example.ingest_run AND vod.platform = example.platform AND vod.vod_id = example.vod_id
WHERE window_start_ms < 0 OR window_start_ms >= window_end_ms
    -- Containers round their length; a few frames are not a fault.
    OR window_end_ms > vod.duration_ms + 100
ORDER BY run, subject
