-- Every example has the split that its broadcast was given first.
SELECT DISTINCT
    example.run,
    example.platform || '/' || example.vod_id AS subject,
    example.split || ' here, ' || coalesce(ledger.split, 'nothing') || ' in the ledger of ' || version.name AS finding
FROM example
JOIN dataset_version AS version ON version.run_id = example.run
LEFT JOIN split_assignment AS ledger
    ON ledger.dataset = version.name AND ledger.platform = example.platform AND ledger.vod_id = example.vod_id
WHERE ledger.split IS NULL OR ledger.split <> example.split
ORDER BY run, subject, finding
