-- Longer than the settings allow.
-- scope: reply
SELECT
    platform, vod_id, message_id,
    CAST(character_length(btrim(text)) AS VARCHAR) || ' characters' AS reason
FROM chat_message
WHERE character_length(btrim(text)) > (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'max_characters')
