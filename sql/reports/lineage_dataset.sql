-- The dataset that the training run `$id` read, and how many of its examples are trained on.
SELECT dataset.run_id, version.name, version.version, count(example.example_id) AS examples
FROM run_input AS input
JOIN run AS dataset ON dataset.manifest_digest = input.digest AND dataset.job = 'dataset'
LEFT JOIN dataset_version AS version ON version.run_id = dataset.run_id
LEFT JOIN example ON example.run = dataset.run_id AND example.split = 'train'
WHERE input.run_id = $id
GROUP BY dataset.run_id, version.name, version.version
ORDER BY version.name, version.version
