-- Platform notices (subscriptions, raids), which nobody typed by hand.
-- scope: line
SELECT platform, vod_id, message_id, notice AS reason
FROM chat_message
WHERE notice IS NOT NULL
