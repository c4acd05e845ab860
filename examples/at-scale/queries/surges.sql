-- Minutes with more than five times the requests of the median minute.
WITH minutes AS (
    SELECT date_trunc('minute', time) AS minute, count(*) AS requests, count(DISTINCT key) AS sources
    FROM wherefrom_audit
    WHERE event = 'client.resolved' AND time >= '2026-11-25 09:00:00' AND time < '2026-11-25 10:00:00'
    GROUP BY minute
)
SELECT minute, requests, sources, requests / (SELECT median(requests) FROM minutes) AS times
FROM minutes
WHERE requests > 5 * (SELECT median(requests) FROM minutes)
ORDER BY minute;
