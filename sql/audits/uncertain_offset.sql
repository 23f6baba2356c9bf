-- No example rests on a lag whose verdict is not ok.
SELECT DISTINCT example.run, example.example_id AS subject, 'lag is ' || segment.verdict AS finding
FROM example
JOIN offset_segment AS segment
    ON segment.run = example.align_run
    AND segment.platform = example.platform AND segment.vod_id = example.vod_id
    AND example.offset_ms >= segment.from_ms AND example.offset_ms < segment.to_ms
WHERE segment.verdict <> 'ok'
ORDER BY run, subject, finding
