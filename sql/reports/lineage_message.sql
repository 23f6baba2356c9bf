-- What became of the chat message `$id` in every dataset.
WITH fate AS (
    SELECT run, 'example' AS fate, example_id AS detail FROM example WHERE message_id = $id
    UNION ALL
    SELECT run, 'dropped' AS fate, dropped.filter || ': ' || reason AS detail FROM dropped WHERE message_id = $id
)
SELECT fate.run, version.name, version.version, fate.fate, fate.detail
FROM fate
LEFT JOIN dataset_version AS version ON version.run_id = fate.run
ORDER BY version.name, version.version, fate.run, fate.detail
