-- Messages in a stretch whose lag between speech and chat is not certain.
-- scope: reply
SELECT DISTINCT turn.platform, turn.vod_id, turn.message_id, 'lag is ' || segment.verdict AS reason
FROM aligned_turn AS turn
JOIN offset_segment AS segment
    ON turn.platform = segment.platform AND turn.vod_id = segment.vod_id
    AND turn.offset_ms >= segment.from_ms AND turn.offset_ms < segment.to_ms
WHERE segment.verdict <> 'ok'
