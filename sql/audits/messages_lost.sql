-- Every message of a chat export is a row or a problem.
WITH message AS (
    SELECT run, platform, vod_id, count(*) AS found FROM chat_message GROUP BY run, platform, vod_id
),
refused AS (
    SELECT run, platform, vod_id, count(*) AS found FROM problem WHERE input = 'chat' GROUP BY run, platform, vod_id
)
SELECT
    vod.run,
    vod.platform || '/' || vod.vod_id AS subject,
    CAST(vod.messages AS VARCHAR) || ' in the export, ' || CAST(coalesce(message.found, 0) AS VARCHAR) || ' rows, '
        || CAST(coalesce(refused.found, 0) AS VARCHAR) || ' problems' AS finding
FROM vod
LEFT JOIN message ON message.run = vod.run AND message.platform = vod.platform AND message.vod_id = vod.vod_id
LEFT JOIN refused ON refused.run = vod.run AND refused.platform = vod.platform AND refused.vod_id = vod.vod_id
WHERE vod.messages <> coalesce(message.found, 0) + coalesce(refused.found, 0)
ORDER BY run, subject
