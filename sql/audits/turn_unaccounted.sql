-- Every turn a dataset was made from is an example or was dropped, and not both.
WITH turn AS (
    SELECT input.run_id AS run, aligned_turn.platform, aligned_turn.vod_id, aligned_turn.message_id
    FROM run_input AS input
    JOIN run AS dataset ON dataset.run_id = input.run_id AND dataset.job = 'dataset'
    JOIN run AS align ON align.manifest_digest = input.digest AND align.job = 'align'
    JOIN aligned_turn ON aligned_turn.run = align.run_id
),
fate AS (
    SELECT run, platform, vod_id, message_id, 1 AS example, 0 AS dropped FROM example
    UNION ALL
    SELECT run, platform, vod_id, message_id, 0 AS example, 1 AS dropped FROM dropped
),
summed AS (
    SELECT run, platform, vod_id, message_id, sum(example) AS examples, sum(dropped) AS drops
    FROM fate
    GROUP BY run, platform, vod_id, message_id
)
SELECT
    coalesce(turn.run, summed.run) AS run,
    coalesce(turn.message_id, summed.message_id) AS subject,
    CASE WHEN turn.message_id IS NULL THEN 'is no turn, but ' ELSE 'is a turn, but ' END
        || CAST(coalesce(summed.examples, 0) AS VARCHAR) || ' examples and '
        || CAST(coalesce(summed.drops, 0) AS VARCHAR) || ' drops' AS finding
FROM turn
FULL JOIN summed
    ON summed.run = turn.run AND summed.platform = turn.platform
    AND summed.vod_id = turn.vod_id AND summed.message_id = turn.message_id
WHERE turn.message_id IS NULL OR summed.message_id IS NULL OR summed.examples + summed.drops <> 1
ORDER BY run, subject
