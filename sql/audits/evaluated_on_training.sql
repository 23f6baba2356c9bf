-- No evaluation looked at an example that was trained on.
SELECT DISTINCT sample.run, sample.example_id AS subject, 'stands in ' || example.split AS finding
FROM eval_sample AS sample
JOIN run_input AS input ON input.run_id = sample.run AND input.role = 'dataset'
JOIN run AS dataset ON dataset.manifest_digest = input.digest
JOIN example ON example.run = dataset.run_id AND example.example_id = sample.example_id
WHERE example.split = 'train'
ORDER BY run, subject
