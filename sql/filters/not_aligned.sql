-- Messages that are tied to no speech.
-- scope: reply
SELECT platform, vod_id, message_id, status AS reason
FROM aligned_turn
WHERE status <> 'aligned' OR first_word IS NULL OR last_word IS NULL
    OR window_start_ms IS NULL OR window_end_ms IS NULL
