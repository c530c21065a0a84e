"""The statements about mails, by name, in the dialect that SQLite and PostgreSQL share.

The text of one is there until it was sent or given up; one without a text waits no more.
"""

QUEUE = """
INSERT INTO mail (pair, kind, made_at, content, not_before) VALUES (:pair, :kind, :now, :content, :now) RETURNING id
"""

DUE = """
SELECT * FROM mail WHERE sent_at IS NULL AND not_before <= :now AND length(content) > 0 ORDER BY id LIMIT :limit
"""

WAITING = "SELECT * FROM mail WHERE sent_at IS NULL AND length(content) > 0 ORDER BY id"

SENT = "UPDATE mail SET sent_at = :now, content = :nothing, why = '' WHERE id = :id"

FAILED = """
UPDATE mail SET attempts = attempts + 1, not_before = :not_before, why = :why WHERE id = :id AND sent_at IS NULL
"""

GIVEN_UP = "UPDATE mail SET content = :nothing WHERE id = :id AND sent_at IS NULL"
