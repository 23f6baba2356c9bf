-- The runs an example names read one another: ingest, transcribe, align, dataset.
WITH step AS (
    SELECT DISTINCT run AS reader, align_run AS source FROM example
    UNION
    SELECT DISTINCT align_run AS reader, transcribe_run AS source FROM example
    UNION
    SELECT DISTINCT align_run AS reader, ingest_run AS source FROM example
    UNION
    SELECT DISTINCT transcribe_run AS reader, ingest_run AS source FROM example
)
SELECT step.reader AS run, step.source AS subject, 'was not read by that run' AS finding
FROM step
LEFT JOIN run AS origin ON origin.run_id = step.source
LEFT JOIN run_input AS input ON input.run_id = step.reader AND input.digest = origin.manifest_digest
WHERE input.run_id IS NULL
ORDER BY run, subject
