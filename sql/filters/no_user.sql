-- Messages of deleted accounts: caps and pseudonyms need a sender.
-- scope: line
SELECT platform, vod_id, message_id, 'no sender' AS reason
FROM chat_message
WHERE user_id IS NULL OR user_login IS NULL
