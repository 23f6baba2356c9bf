-- What is logged about the reply `$id` and the release it came from.
SELECT
    log.reply_id, log.request_id, log.at_ms, log.transcript, log.reply, log.channel, log.release, log.adapter,
    log.train_run, log.adapter_digest, log.base_digest, log.renderer_digest, log.prompt_digest,
    release.adapter_version, release.base_model, release.eval_run, release.public_key, release.record_digest
FROM infer_log AS log
LEFT JOIN release ON release.channel = log.channel AND release.sequence = log.release
WHERE log.reply_id = $id
ORDER BY log.at_ms
