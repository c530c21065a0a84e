"""The statements about alerts and processes, by name, in the dialect that SQLite and PostgreSQL share."""

RAISE_ALERT = """
INSERT INTO alert (pair, cause, since, text, fix) VALUES (:pair, :cause, :since, :text, :fix)
ON CONFLICT (pair, cause) DO NOTHING RETURNING cause
"""

RESTATE_ALERT = """
UPDATE alert SET text = :text, fix = :fix
WHERE pair = :pair AND cause = :cause AND (text <> :text OR fix <> :fix)
"""

CLEAR_ALERT = "DELETE FROM alert WHERE pair = :pair AND cause = :cause RETURNING *"

ALERTS = "SELECT * FROM alert WHERE pair = :pair ORDER BY since, cause"

PROCESS_STARTED = """
INSERT INTO process (owner, role, instance, started, seen_at) VALUES (:owner, :role, :instance, :now, :now)
ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at, ended = NULL
"""

PROCESS_SEEN = "UPDATE process SET seen_at = :now WHERE owner = :owner"

PROCESS_ENDED = "UPDATE process SET seen_at = :now, ended = :now WHERE owner = :owner"

PROCESSES = """
SELECT * FROM process p WHERE ended IS NULL OR ended > :since OR NOT EXISTS (
  SELECT 1 FROM process n
  WHERE n.role = p.role AND n.instance = p.instance AND (n.started, n.owner) > (p.started, p.owner))
ORDER BY started, owner
"""

OLDEST_READY = """
SELECT min(CASE WHEN not_before IS NULL THEN queued_at ELSE not_before END) AS at FROM source
WHERE pair = :pair AND kind = :kind AND state IN ('queued', 'claimed') AND waits_for IS NULL
  AND (state = 'claimed' OR (state = 'queued' AND (not_before IS NULL OR not_before <= :now)))
"""

LEASED = "SELECT 1 FROM lease WHERE name = :name AND lease_until > :now"
