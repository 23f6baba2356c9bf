-- Messages of bots: known logins, logins named in the settings, bot badges.
-- scope: line
SELECT platform, vod_id, message_id, 'bot ' || user_login AS reason
FROM chat_message
WHERE lower(user_login) IN (
    'amazefulbot', 'ankhbot', 'blerp', 'botisimo', 'buttsbot', 'coebot', 'creatisbot', 'deepbot', 'fossabot',
    'frostytoolsdotcom', 'kofistreambot', 'lattemotte', 'logviewer', 'lolrankbot', 'mikuia', 'mirrobot', 'mixitupapp',
    'moobot', 'nightbot', 'ohbot', 'overrustlelogs', 'own3d', 'phantombot', 'playwithviewersbot',
    'pokemoncommunitygame', 'rainmaker', 'restreambot', 'sery_bot', 'songlistbot', 'soundalerts', 'ssakdook',
    'streamdeckerbot', 'streamelements', 'streamlabs', 'streamlootsbot', 'supibot', 'tangiabot', 'vivbot', 'wizebot',
    'xanbot'
)
    OR lower(user_login) IN (SELECT lower(value) FROM setting WHERE name = 'bots')
UNION ALL
SELECT platform, vod_id, message_id, 'bot badge' AS reason
FROM chat_message
WHERE regexp_like(array_to_string(badges, ' '), '(^| )bot')
