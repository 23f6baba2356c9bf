-- Text that is drawn otherwise than it is written: direction overrides, struck or stacked letters.
-- scope: line
SELECT platform, vod_id, message_id, 'direction override' AS reason
FROM chat_message
WHERE regexp_like(text, '[\x{202A}-\x{202E}\x{2066}-\x{2069}]')
UNION ALL
SELECT platform, vod_id, message_id, 'stacked letters' AS reason
FROM chat_message
WHERE regexp_like(text, '[\x{0334}-\x{0338}]|[\x{0300}-\x{036F}]{3}')
