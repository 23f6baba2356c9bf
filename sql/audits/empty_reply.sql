-- Every example has a reply and a transcript, the reply on one line.
SELECT
    run,
    example_id AS subject,
    CASE WHEN btrim(reply) = '' OR btrim(transcript) = '' THEN 'empty' ELSE 'more than one line' END AS finding
FROM example
WHERE btrim(reply) = '' OR btrim(transcript) = '' OR regexp_like(reply, '[[:cntrl:]]')
ORDER BY run, subject
