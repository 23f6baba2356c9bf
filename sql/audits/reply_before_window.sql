-- Every example has the window of its turn, and no reply came before the words it answers, the lag taken off.
SELECT
    example.run,
    example.example_id AS subject,
    CASE
        WHEN turn.message_id IS NULL THEN 'the align run has no such window'
        ELSE 'answers ' || CAST(example.offset_ms - turn.lag_ms AS VARCHAR) || ' ms, the window begins at '
            || CAST(example.window_start_ms AS VARCHAR)
    END AS finding
FROM example
LEFT JOIN aligned_turn AS turn
    ON turn.run = example.align_run AND turn.message_id = example.message_id
    AND turn.platform = example.platform AND turn.vod_id = example.vod_id
    AND turn.window_start_ms = example.window_start_ms AND turn.window_end_ms = example.window_end_ms
    AND turn.first_word = example.first_word AND turn.last_word = example.last_word
WHERE turn.message_id IS NULL
    OR turn.lag_ms IS NULL
    -- A lag is an estimate, good to about a second.
    OR example.offset_ms - turn.lag_ms + 1000 < example.window_start_ms
ORDER BY run, subject
