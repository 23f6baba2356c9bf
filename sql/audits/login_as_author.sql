-- Senders stand under pseudonyms, never under their login.
WITH sender AS (
    SELECT run, example_id, author FROM example
    UNION ALL
    SELECT run, example_id, unnest(chat_authors) AS author FROM example
)
SELECT DISTINCT run, example_id AS subject, 'author ' || author AS finding
FROM sender
WHERE NOT regexp_like(author, '^viewer_[0-9a-f]{6}$')
ORDER BY run, subject, finding
