-- Who asked most: a client's network, or where no client is proven the machine that was connected.
SELECT key, count(*) AS requests, sum(CASE WHEN client <> '' THEN 1 ELSE 0 END) AS proven, count(DISTINCT path) AS paths, sum(bytes) AS answered
FROM wherefrom_audit
WHERE event = 'client.resolved' AND time >= '2026-11-25 09:00:00' AND time < '2026-11-25 10:00:00'
GROUP BY key
ORDER BY requests DESC, key
LIMIT 20;
