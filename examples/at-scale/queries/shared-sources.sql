-- Networks from which many users tried to log in: a spray of passwords, or an office.
SELECT key, count(DISTINCT user_id) AS users, count(*) AS attempts, sum(CASE WHEN outcome = 'failure' THEN 1 ELSE 0 END) AS failures
FROM wherefrom_audit
WHERE event = 'login.location' AND client <> '' AND time >= '2026-11-25 09:00:00' AND time < '2026-11-25 10:00:00'
GROUP BY key
HAVING count(DISTINCT user_id) > 10
ORDER BY users DESC, key;
