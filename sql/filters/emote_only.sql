-- Nothing but emotes or emoji.
-- scope: reply
SELECT platform, vod_id, message_id, 'emotes only' AS reason
FROM chat_message
WHERE btrim(text) <> ''
    AND regexp_replace(
        text_without_emotes, '[\p{Extended_Pictographic}\p{Emoji_Modifier}\x{200D}\x{FE0F}\s]+', '', 'g'
    ) = ''
