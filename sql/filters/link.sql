-- Links and names of sites.
-- scope: line
SELECT platform, vod_id, message_id, 'link' AS reason
FROM chat_message
WHERE regexp_like(
    text,
    '[a-z][a-z0-9+.-]*://|\bwww\.\S|\b[a-z0-9-]+\.(com|net|org|tv|gg|io|me|co|ly|live|app|dev|xyz|link|shop|site|ru)(/|\b)',
    'i'
)
