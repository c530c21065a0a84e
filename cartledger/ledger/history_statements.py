"""The statements of reports, by name, in the dialect that SQLite and PostgreSQL share."""

ENDS = "SELECT min(seq) AS first, max(seq) AS last FROM event"

NEXT = "SELECT seq, at FROM event WHERE seq >= :seq ORDER BY seq LIMIT 1"

# Walked by number: the index of events is by source, and a day is a small part of years.
HAPPENED = """
SELECT seq, at, pair, kind, id, what, detail FROM event
WHERE seq >= :first AND at >= :since AND at < :until AND pair || '' = :pair
  AND what IN ('read', 'answered', 'posted', 'held', 'excluded', 'ignored', 'levels written')
ORDER BY seq
"""

PLACED = """
SELECT a.order_id AS id, a.created, s.state FROM allocation a
JOIN source s ON s.pair = a.pair AND s.kind = 'order' AND s.id = a.order_id
WHERE a.pair = :pair AND a.created >= :since AND a.created < :until
ORDER BY a.created, a.order_id
"""

PLACED_AT = "SELECT created FROM allocation WHERE pair = :pair AND order_id = :id"

TOLD = """
SELECT detail FROM event WHERE pair = :pair AND kind = 'order' AND id = :id AND what = 'read' ORDER BY seq DESC
"""

IN_DOUBT = "SELECT count(*) AS documents FROM document WHERE pair = :pair AND stage = 'sending'"
