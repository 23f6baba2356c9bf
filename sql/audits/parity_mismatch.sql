-- Serving rendered every checked prompt the way training does.
SELECT train_run AS run, coalesce(reply_id, request_id) AS subject, 'other tokens than training gives' AS finding
FROM infer_log
WHERE parity_mismatch OR event = 'parity_mismatch'
ORDER BY run, subject
