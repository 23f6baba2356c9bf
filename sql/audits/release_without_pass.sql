-- Every release rests on an evaluation of that very adapter which passed.
SELECT
    release.eval_run AS run,
    release.channel || ' ' || CAST(release.sequence AS VARCHAR) AS subject,
    CASE
        WHEN eval.run_id IS NULL THEN 'the evaluation is not in the store'
        WHEN input.run_id IS NULL THEN 'the evaluation looked at another adapter'
        ELSE 'the verdict is ' || coalesce(verdict.value, 'missing')
    END AS finding
FROM release
LEFT JOIN run AS eval ON eval.run_id = release.eval_run AND eval.manifest_digest = release.eval_manifest
LEFT JOIN run_input AS input
    ON input.run_id = release.eval_run AND input.role = 'adapter' AND input.digest = release.train_manifest
LEFT JOIN run_fact AS verdict ON verdict.run_id = release.eval_run AND verdict.name = 'verdict'
WHERE eval.run_id IS NULL OR input.run_id IS NULL OR (verdict.value IS DISTINCT FROM 'pass')
ORDER BY subject
