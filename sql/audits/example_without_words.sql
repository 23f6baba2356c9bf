-- Every word of an example's window was recognised by the transcribe run it names.
WITH found AS (
    SELECT example.run, example.example_id, count(word.ordinal) AS words
    FROM example
    LEFT JOIN word
        ON word.run = example.transcribe_run
        AND word.platform = example.platform AND word.vod_id = example.vod_id
        AND word.ordinal >= example.first_word AND word.ordinal <= example.last_word
    GROUP BY example.run, example.example_id
)
SELECT
    example.run,
    example.example_id AS subject,
    CAST(found.words AS VARCHAR) || ' of ' || CAST(example.last_word - example.first_word + 1 AS VARCHAR)
        || ' words are there' AS finding
FROM example
JOIN found ON found.run = example.run AND found.example_id = example.example_id
WHERE found.words <> example.last_word - example.first_word + 1 OR found.words = 0
ORDER BY run, subject
