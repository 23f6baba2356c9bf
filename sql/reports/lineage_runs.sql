-- The run `$id` and every run it rests on, with who executed it and the models it used.
WITH RECURSIVE ancestor AS (
    SELECT run_id FROM run WHERE run_id = $id
    UNION
    SELECT origin.run_id
    FROM ancestor
    JOIN run_input AS input ON input.run_id = ancestor.run_id
    JOIN run AS origin ON origin.manifest_digest = input.digest
)
SELECT
    run.job, run.run_id, run.logic_version, run.manifest_digest,
    record.job_version, record.executable_digest, record.nix_store_path,
    model.name AS model, model.digest AS model_digest
FROM ancestor
JOIN run ON run.run_id = ancestor.run_id
LEFT JOIN run_record AS record ON record.run_id = run.run_id AND record.number = 1
LEFT JOIN run_model AS model ON model.run_id = run.run_id
ORDER BY run.job, run.run_id, model
