-- No text of an example holds the login of somebody in that chat.
WITH line AS (
    SELECT run, example_id, ingest_run, channel, reply AS text FROM example
    UNION ALL
    SELECT run, example_id, ingest_run, channel, array_to_string(chat_texts, ' ') AS text FROM example
),
said AS (
    SELECT
        run, example_id, ingest_run, channel,
        unnest(string_to_array(regexp_replace(lower(text), '[^a-z0-9_]+', ' ', 'g'), ' ')) AS part
    FROM line
),
login AS (
    SELECT DISTINCT run, lower(user_login) AS login
    FROM chat_message
    WHERE character_length(user_login) >= 5
)
SELECT DISTINCT said.run, said.example_id AS subject, 'login ' || login.login AS finding
FROM said
JOIN login ON login.run = said.ingest_run AND login.login = said.part
WHERE lower(said.channel) <> login.login
ORDER BY run, subject, finding
