-- A release names the weights, base model and renderer of the training run it names.
WITH promised AS (
    SELECT
        release.train_run, release.channel, release.sequence, release.adapter_digest, release.base_digest,
        release.renderer_digest, weights.digest AS weights, base.value AS base, renderer.value AS renderer
    FROM release
    LEFT JOIN run_blob AS weights ON weights.run_id = release.train_run AND weights.role = 'adapter'
    LEFT JOIN run_fact AS base ON base.run_id = release.train_run AND base.name = 'base_digest'
    LEFT JOIN run_fact AS renderer ON renderer.run_id = release.train_run AND renderer.name = 'renderer_digest'
)
SELECT
    train_run AS run,
    channel || ' ' || CAST(sequence AS VARCHAR) AS subject,
    CASE
        WHEN weights IS DISTINCT FROM adapter_digest THEN 'other weights'
        WHEN base IS DISTINCT FROM base_digest THEN 'other base model'
        ELSE 'other renderer'
    END AS finding
FROM promised
WHERE (weights IS DISTINCT FROM adapter_digest)
    OR (base IS DISTINCT FROM base_digest)
    OR (renderer IS DISTINCT FROM renderer_digest)
ORDER BY subject
