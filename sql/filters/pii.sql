-- Anything like an e-mail address, a phone number or a network address.
-- scope: line
SELECT platform, vod_id, message_id, 'e-mail address' AS reason
FROM chat_message
WHERE regexp_like(text, '[[:alnum:]._%+-]+\s?@\s?[[:alnum:]-]+(\.[[:alnum:]-]+)+')
UNION ALL
SELECT platform, vod_id, message_id, 'phone number' AS reason
FROM chat_message
WHERE regexp_like(text, '(^|[^0-9])\+?([0-9][ ().-]{0,2}){9,15}($|[^0-9])')
UNION ALL
SELECT platform, vod_id, message_id, 'network address' AS reason
FROM chat_message
WHERE regexp_like(text, '\b[0-9]{1,3}(\.[0-9]{1,3}){3}\b')
