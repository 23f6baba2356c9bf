-- Commands to bots, and the answer that names whoever asked within two seconds.
-- scope: line
WITH command AS (
    SELECT platform, vod_id, message_id, offset_ms, user_login
    FROM chat_message
    WHERE regexp_like(text, '^\s*([!/$][[:alpha:]]|\.(ban|clear|mods|timeout|unban|untimeout)\b)')
)
SELECT platform, vod_id, message_id, 'command' AS reason
FROM command
UNION ALL
SELECT DISTINCT answer.platform, answer.vod_id, answer.message_id, 'answer to a command' AS reason
FROM chat_message AS answer
JOIN command
    ON answer.platform = command.platform AND answer.vod_id = command.vod_id
    AND answer.offset_ms BETWEEN command.offset_ms AND command.offset_ms + 2000
    AND answer.user_login <> command.user_login
WHERE strpos(lower(answer.text), '@' || lower(command.user_login)) > 0
