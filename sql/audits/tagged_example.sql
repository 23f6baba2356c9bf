-- No example carries a tag.
SELECT example.run, example.example_id AS subject, 'tagged ' || tag.filter || ': ' || tag.reason AS finding
FROM example
JOIN tag
    ON tag.run = example.run AND tag.platform = example.platform AND tag.vod_id = example.vod_id
    AND tag.message_id = example.message_id
ORDER BY run, subject, finding
