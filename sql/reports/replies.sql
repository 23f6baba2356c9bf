-- What was asked of each release, by what became of it.
SELECT
    log.channel, log.release, log.adapter, log.event, log.guard_input, log.guard_output,
    count(*) AS requests,
    CAST(avg(log.latency_ms) AS BIGINT) AS mean_latency_ms,
    max(log.latency_ms) AS max_latency_ms
FROM infer_log AS log
GROUP BY log.channel, log.release, log.adapter, log.event, log.guard_input, log.guard_output
ORDER BY log.channel, log.release, log.adapter, log.event, log.guard_input, log.guard_output
