-- No reply of the length that counts stands word for word in training and in held-out data.
WITH reply AS (
    SELECT
        example.run, example.example_id, example.split,
        btrim(regexp_replace(lower(example.reply), '[^\p{L}\p{N}]+', ' ', 'g')) AS words,
        coalesce(CAST(least.value AS BIGINT), 0) AS min_characters
    FROM example
    LEFT JOIN run_param AS least ON least.run_id = example.run AND least.name = 'config.leak.min_characters'
)
SELECT DISTINCT
    held_out.run,
    held_out.example_id AS subject,
    held_out.split || ' repeats training: ' || held_out.words AS finding
FROM reply AS held_out
JOIN reply AS train ON train.run = held_out.run AND train.words = held_out.words
WHERE train.split = 'train' AND held_out.split <> 'train'
    AND character_length(held_out.words) >= held_out.min_characters AND held_out.words <> ''
ORDER BY run, subject, finding
