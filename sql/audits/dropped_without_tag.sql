-- Everything that was dropped has a reason, and the tag that says so.
SELECT dropped.run, dropped.message_id AS subject, 'dropped by ' || dropped.filter || ', not tagged so' AS finding
FROM dropped
LEFT JOIN tag
    ON tag.run = dropped.run AND tag.platform = dropped.platform AND tag.vod_id = dropped.vod_id
    AND tag.message_id = dropped.message_id AND tag.filter = dropped.filter AND tag.reason = dropped.reason
WHERE tag.message_id IS NULL OR dropped.reason = '' OR dropped.filter = ''
ORDER BY run, subject
