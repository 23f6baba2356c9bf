-- Every logged reply came from an adapter that was released, with the digests it was released with.
SELECT
    log.train_run AS run,
    coalesce(log.reply_id, log.request_id) AS subject,
    CASE WHEN release.channel IS NULL THEN 'no such release' ELSE 'other digests than the release' END AS finding
FROM infer_log AS log
LEFT JOIN release ON release.channel = log.channel AND release.sequence = log.release
WHERE log.event = 'reply'
    AND (
        release.channel IS NULL
        OR release.adapter_digest <> log.adapter_digest OR release.train_run <> log.train_run
        OR release.base_digest <> log.base_digest OR release.renderer_digest <> log.renderer_digest
    )
ORDER BY run, subject
