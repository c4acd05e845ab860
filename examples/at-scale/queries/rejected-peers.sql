-- Whose claims were rejected, and why: a proxy that is missing from the policy, or somebody who tries.
SELECT peer, reason, count(*) AS claims, min(time) AS first, max(time) AS last
FROM wherefrom_audit
WHERE event = 'client.rejected' AND time >= '2026-11-25 09:00:00' AND time < '2026-11-25 10:00:00'
GROUP BY peer, reason
ORDER BY claims DESC, peer, reason
LIMIT 50;
