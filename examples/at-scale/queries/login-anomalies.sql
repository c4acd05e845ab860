-- Alarms by user, and from how many networks they came.
SELECT user_id, reason, count(*) AS alarms, count(DISTINCT key) AS networks
FROM wherefrom_audit
WHERE event = 'login.anomaly' AND time >= '2026-11-25 09:00:00' AND time < '2026-11-25 10:00:00'
GROUP BY user_id, reason
ORDER BY alarms DESC, user_id, reason
LIMIT 50;
