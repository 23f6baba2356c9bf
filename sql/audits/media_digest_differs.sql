-- Every example names the media and the audio of the broadcast it came from.
SELECT
    example.run,
    example.example_id AS subject,
    CASE WHEN vod.run IS NULL THEN 'the ingest run has no such broadcast' ELSE 'other media or audio' END AS finding
FROM example
LEFT JOIN vod ON vod.run = example.ingest_run AND vod.platform = example.platform AND vod.vod_id = example.vod_id
WHERE vod.run IS NULL
    OR (vod.media_digest IS DISTINCT FROM example.media_digest)
    OR (vod.audio_digest IS DISTINCT FROM example.audio_digest)
ORDER BY run, subject
