-- Messages that answer too few words.
-- scope: reply
SELECT platform, vod_id, message_id, CAST(last_word - first_word + 1 AS VARCHAR) || ' words' AS reason
FROM aligned_turn
WHERE status = 'aligned'
    AND last_word - first_word + 1 < (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'min_words')
