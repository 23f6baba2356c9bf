-- Every model a run used was taken in by `models`.
SELECT model.run_id AS run, model.name AS subject, model.digest || ' is not in the store' AS finding
FROM run_model AS model
JOIN run AS reader ON reader.run_id = model.run_id AND reader.job <> 'models'
LEFT JOIN (
    SELECT DISTINCT run_blob.digest
    FROM run_blob
    JOIN run ON run.run_id = run_blob.run_id AND run.job = 'models'
) AS kept ON kept.digest = model.digest
WHERE kept.digest IS NULL
ORDER BY run, subject
