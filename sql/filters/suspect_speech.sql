-- Messages that answer words the recogniser may have made up.
-- scope: reply
SELECT DISTINCT turn.platform, turn.vod_id, turn.message_id, array_to_string(utterance.suspect, ' ') AS reason
FROM aligned_turn AS turn
JOIN word
    ON turn.platform = word.platform AND turn.vod_id = word.vod_id
    AND word.ordinal BETWEEN turn.first_word AND turn.last_word
JOIN utterance
    ON word.platform = utterance.platform AND word.vod_id = utterance.vod_id
    AND word.utterance = utterance.ordinal
WHERE cardinality(utterance.suspect) > 0
