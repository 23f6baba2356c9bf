-- Text that poses as a control token of a chat template.
-- scope: line
SELECT platform, vod_id, message_id, 'control token' AS reason
FROM chat_message
WHERE regexp_like(text, '<\||\|>|\[/?INST\]|</?s>|<</?SYS>>|<(start|end)_of_turn>', 'i')
