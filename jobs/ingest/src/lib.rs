//! VOD and chat to vod, media and chat_message.
