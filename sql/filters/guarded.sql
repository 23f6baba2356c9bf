-- What the guard of the server would not let out as a reply: abuse above all.
-- scope: line
WITH judged AS (SELECT platform, vod_id, message_id, objection(text) AS reason FROM chat_message)
SELECT platform, vod_id, message_id, reason
FROM judged
WHERE reason IS NOT NULL
