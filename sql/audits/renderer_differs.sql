-- Training and evaluation of an adapter rendered prompts the same way.
SELECT eval.run_id AS run, train.run_id AS subject, 'evaluated with another renderer' AS finding
FROM run AS eval
JOIN run_input AS input ON input.run_id = eval.run_id AND input.role = 'adapter'
JOIN run AS train ON train.manifest_digest = input.digest
LEFT JOIN run_fact AS trained ON trained.run_id = train.run_id AND trained.name = 'renderer_digest'
LEFT JOIN run_fact AS evaluated ON evaluated.run_id = eval.run_id AND evaluated.name = 'renderer_digest'
WHERE eval.job = 'eval' AND (trained.value IS NULL OR (trained.value IS DISTINCT FROM evaluated.value))
ORDER BY run
