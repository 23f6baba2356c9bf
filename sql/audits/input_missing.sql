-- Whatever a run read is in the store: the manifest of a run, or a blob.
SELECT input.run_id AS run, input.role AS subject, input.digest || ' is not in the store' AS finding
FROM run_input AS input
JOIN run AS reader ON reader.run_id = input.run_id
LEFT JOIN run AS origin ON origin.manifest_digest = input.digest
LEFT JOIN (SELECT DISTINCT digest FROM run_blob) AS kept ON kept.digest = input.digest
WHERE origin.run_id IS NULL AND kept.digest IS NULL
    -- What comes from outside is known by its digest only.
    AND reader.job NOT IN ('ingest', 'models')
ORDER BY run, subject
