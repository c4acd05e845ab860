-- Requests, bytes of answers and distinct proven clients by country; '' is where nobody knew.
SELECT country, count(*) AS requests, sum(bytes) AS answered, count(DISTINCT client) - max(CASE WHEN client = '' THEN 1 ELSE 0 END) AS clients
FROM wherefrom_audit
WHERE event = 'client.resolved' AND time >= '2026-11-25 09:00:00' AND time < '2026-11-25 10:00:00'
GROUP BY country
ORDER BY requests DESC, country;
