-- No reply left without the guard's word on it, and none that the guard blocked.
SELECT
    train_run AS run,
    coalesce(reply_id, request_id) AS subject,
    'guard said ' || coalesce(guard_output, 'nothing') AS finding
FROM infer_log
WHERE event = 'reply' AND (guard_output IS NULL OR guard_output = 'block')
ORDER BY run, subject
