"""Every statement of the ledger, by name, in the dialect that SQLite and PostgreSQL share.

A transition is one compare-and-set: its WHERE says from where it may start, its RETURNING whether it happened.
`:now` is the caller's clock. Sources of the view `begun` have parts on their way and are not decided anew.
"""

# T0 - Reading

VERSION = "SELECT version FROM source WHERE pair = :pair AND kind = :kind AND id = :id"

REMEMBER = """
INSERT INTO source (pair, kind, id, state, version, record, modified, queued_at)
VALUES (:pair, :kind, :id, 'queued', :version, :record, :modified, :now)
ON CONFLICT (pair, kind, id) DO UPDATE SET
  version = excluded.version,
  versions = source.versions + 1,
  record = excluded.record,
  modified = excluded.modified,
  state = CASE WHEN source.state = 'claimed' THEN 'claimed' ELSE 'queued' END,
  queued_at = CASE WHEN source.state IN ('claimed', 'queued') THEN source.queued_at ELSE excluded.queued_at END,
  published_at = CASE WHEN source.state IN ('claimed', 'queued') THEN source.published_at END,
  not_before = CASE WHEN source.state IN ('claimed', 'queued') THEN source.not_before END,
  attempts = CASE WHEN source.state = 'claimed' THEN source.attempts ELSE 0 END,
  problems = '[]', rule = '', why = '', waits_for = NULL
WHERE source.modified <= excluded.modified
  AND (source.version <> excluded.version
    OR (:look_again = 1 AND source.state IN ('held', 'posted') AND source.modified < excluded.modified))
RETURNING versions
"""

REMEMBER_REFUND = """
INSERT INTO refund (pair, id, order_id, version, created, content, fresh)
VALUES (:pair, :id, :order_id, :version, :created, :content, 1)
ON CONFLICT (pair, id) DO UPDATE SET
  version = excluded.version, created = excluded.created, content = excluded.content, fresh = 1
WHERE refund.version <> excluded.version
RETURNING id
"""

REFUNDS_OF = """
SELECT id, order_id, version, created, content FROM refund WHERE pair = :pair AND order_id = :order_id ORDER BY id
"""

FRESH_REFUNDS = "SELECT DISTINCT order_id FROM refund WHERE pair = :pair AND fresh = 1 ORDER BY order_id"

REFUND_TAKEN = "UPDATE refund SET fresh = 0 WHERE pair = :pair AND id = :id AND version = :version"

CURSOR = "SELECT watermark, polled_at FROM cursor WHERE pair = :pair AND stream = :stream"

SET_CURSOR = """
INSERT INTO cursor (pair, stream, watermark, polled_at) VALUES (:pair, :stream, :watermark, :polled_at)
ON CONFLICT (pair, stream) DO UPDATE SET watermark = excluded.watermark, polled_at = excluded.polled_at
"""

# T1 - Handing over

DUE = """
SELECT pair, kind, id, modified FROM source
WHERE pair = :pair AND kind = :kind AND state = 'queued' AND published_at IS NULL AND waits_for IS NULL
  AND (not_before IS NULL OR not_before <= :now)
ORDER BY modified, id LIMIT :limit
"""

PROBE = """
SELECT pair, kind, id, modified FROM source
WHERE pair = :pair AND kind = :kind AND state = 'queued' AND waits_for IS NULL
  AND (not_before IS NULL OR not_before <= :now)
ORDER BY modified, id LIMIT 1
"""

TAKE_PROBE = """
UPDATE circuit SET probe_until = :probe_until
WHERE pair = :pair AND side = :side AND until <= :now AND (probe_until IS NULL OR probe_until <= :now)
RETURNING pair
"""

# One queued in the future was queued before the clock was set back.
HANDED_OVER = """
UPDATE source SET published_at = :now
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'queued'
  AND (queued_at <= :asked OR queued_at > :now)
"""

# T2, T3 - Claims

CLAIM = """
UPDATE source SET
  state = 'claimed', owner = :owner, lease_until = :lease_until, fence = fence + 1, claims = claims + 1
WHERE pair = :pair AND kind = :kind AND id = :id AND (
  (state = 'queued' AND waits_for IS NULL AND (not_before IS NULL OR not_before <= :now))
  OR (state = 'claimed' AND lease_until <= :now))
RETURNING pair, kind, id, version, record, fence, claims, attempts, posted_version, afterwards
"""

CLAIMED = """
SELECT pair, kind, id, version, record, fence, claims, attempts, posted_version, afterwards FROM source
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'claimed' AND fence = :fence
"""

RENEW = """
UPDATE source SET lease_until = CASE WHEN lease_until > :lease_until THEN lease_until ELSE :lease_until END
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'claimed' AND fence = :fence
RETURNING fence
"""

HOLD = """
UPDATE source SET
  state = CASE WHEN version <> :version AND NOT EXISTS (
      SELECT 1 FROM begun b WHERE b.pair = source.pair AND b.kind = source.kind AND b.id = source.id)
    THEN 'queued' ELSE 'held' END,
  problems = :problems, fingerprint = :fingerprint, rule = '', why = '',
  queued_at = :now, not_before = NULL, published_at = NULL, claims = 0, attempts = 0, owner = '', lease_until = NULL
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'claimed' AND fence = :fence
RETURNING state
"""

EXCLUDE = """
UPDATE source SET
  state = CASE WHEN version <> :version THEN 'queued' ELSE 'excluded' END,
  problems = '[]', fingerprint = :fingerprint, rule = :rule, why = '',
  queued_at = :now, not_before = NULL, published_at = NULL, claims = 0, attempts = 0, owner = '', lease_until = NULL
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'claimed' AND fence = :fence
RETURNING state
"""

UNCHANGED = """
UPDATE source SET
  state = CASE WHEN version <> :version THEN 'queued' ELSE 'posted' END,
  record = CASE WHEN version <> :version THEN record END,
  posted_version = :version, problems = '[]', fingerprint = :fingerprint, rule = '', why = '',
  queued_at = :now, not_before = NULL, published_at = NULL, claims = 0, attempts = 0, owner = '', lease_until = NULL
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'claimed' AND fence = :fence
RETURNING state
"""

LATER = """
UPDATE source SET
  state = 'queued', why = :why, not_before = :not_before, waits_for = :waits_for,
  queued_at = :now, published_at = NULL, claims = claims - 1, attempts = attempts + :spent,
  owner = '', lease_until = NULL
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'claimed' AND fence = :fence
RETURNING state
"""

RELEASE = """
UPDATE source SET
  state = 'queued', queued_at = :now, not_before = NULL, published_at = NULL, claims = claims - 1,
  owner = '', lease_until = NULL
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'claimed' AND fence = :fence
  AND NOT EXISTS (SELECT 1 FROM document d WHERE d.pair = source.pair AND d.kind = source.kind AND d.id = source.id
                  AND d.stage = 'sending')
RETURNING state
"""

IS_SENDING = """
SELECT 1 FROM document d JOIN source s ON s.pair = d.pair AND s.kind = d.kind AND s.id = d.id
WHERE d.pair = :pair AND d.kind = :kind AND d.id = :id AND d.stage = 'sending'
  AND s.state = 'claimed' AND s.fence = :fence LIMIT 1
"""

IS_OPEN = """
SELECT 1 FROM source WHERE pair = :pair AND kind = :kind AND id = :id AND state IN ('queued', 'claimed')
"""

WAKE_WAITERS = """
UPDATE source SET waits_for = NULL, queued_at = :now
WHERE pair = :pair AND waits_for = :waits_for
RETURNING pair, kind, id
"""

# T3 to T7 - Parts

PARTS = """
SELECT * FROM document WHERE pair = :pair AND kind = :kind AND id = :id ORDER BY position, part
"""

PLAN = """
INSERT INTO document (
  pair, kind, id, part, position, version, stage, entity, operation, body, number, marker, amount, hash)
VALUES (
  :pair, :kind, :id, :part, :position, :version, 'planned', :entity, :operation, :body, :number, :marker, :amount,
  :hash)
ON CONFLICT (pair, kind, id, part) DO UPDATE SET
  position = excluded.position, version = excluded.version, stage = 'planned', entity = excluded.entity,
  operation = excluded.operation, body = excluded.body, number = excluded.number, marker = excluded.marker,
  amount = excluded.amount, hash = excluded.hash,
  request_id = NULL, bid = NULL, sent = NULL, sent_at = NULL, target_id = '', sync_token = ''
WHERE document.stage <> 'answered' OR document.hash <> excluded.hash
"""

DROP_PLAN = """
DELETE FROM document WHERE pair = :pair AND kind = :kind AND id = :id AND stage IN ('planned', 'refused')
"""

DECIDED = """
UPDATE source SET fingerprint = :fingerprint, problems = '[]', afterwards = :afterwards
WHERE pair = :pair AND kind = :kind AND id = :id
"""

SEND = """
UPDATE document SET
  stage = 'sending', request_id = :request_id, bid = :bid, sent = :sent, sent_at = :now, sent_fence = :fence
WHERE pair = :pair AND kind = :kind AND id = :id AND part = :part AND stage = 'planned'
  AND EXISTS (SELECT 1 FROM source s WHERE s.pair = :pair AND s.kind = :kind AND s.id = :id
              AND s.state = 'claimed' AND s.fence = :fence)
  AND NOT EXISTS (SELECT 1 FROM document e WHERE e.pair = :pair AND e.kind = :kind AND e.id = :id
                  AND e.position < document.position AND e.stage <> 'answered')
RETURNING pair, kind, id, part, version, request_id, bid, sent_fence, sent, sent_at
"""

SEND_AGAIN = """
UPDATE document SET sent_at = :now, sent_fence = :fence
WHERE pair = :pair AND kind = :kind AND id = :id AND request_id = :request_id AND stage = 'sending'
  AND sent_at <= :sent_before
  AND EXISTS (SELECT 1 FROM source s WHERE s.pair = :pair AND s.kind = :kind AND s.id = :id
              AND s.state = 'claimed' AND s.fence = :fence)
RETURNING pair, kind, id, part, version, request_id, bid, sent_fence, sent, sent_at
"""

ASKED = "SELECT * FROM document WHERE request_id = :request_id AND bid = :bid"

OPEN_OF_REQUEST = """
SELECT * FROM document WHERE request_id = :request_id AND stage = 'sending' ORDER BY pair, kind, id, position, part
"""

ANSWER = """
UPDATE document SET stage = 'answered', target_id = :target_id, sync_token = :sync_token
WHERE request_id = :request_id AND bid = :bid AND stage <> 'answered'
RETURNING pair
"""

REFUSE = """
UPDATE document SET stage = 'refused'
WHERE request_id = :request_id AND bid = :bid AND sent_fence = :fence AND stage = 'sending'
RETURNING pair
"""

# What was to be changed is again as it stands, what was to be taken back has no part.
AS_IT_STOOD = """
UPDATE document SET stage = 'answered', hash = :hash, amount = :amount, target_id = :target_id, sync_token = :sync_token
WHERE pair = :pair AND kind = :kind AND id = :id AND part = :part
"""

DROP_PART = "DELETE FROM document WHERE pair = :pair AND kind = :kind AND id = :id AND part = :part"

NOT_EXECUTED = """
UPDATE document SET stage = 'planned'
WHERE request_id = :request_id AND bid = :bid AND sent_fence = :fence AND stage = 'sending'
RETURNING pair
"""

OPEN_PARTS = """
SELECT count(*) AS parts FROM document WHERE pair = :pair AND kind = :kind AND id = :id AND stage <> 'answered'
"""

# T6 - Settling

AFTERWARDS = "SELECT afterwards FROM source WHERE pair = :pair AND kind = :kind AND id = :id"

TO_BE_HELD = "UPDATE source SET afterwards = :problems WHERE pair = :pair AND kind = :kind AND id = :id"

SETTLE = """
UPDATE source SET
  state = CASE WHEN version <> :version THEN 'queued' WHEN afterwards <> '[]' THEN 'held' ELSE 'posted' END,
  record = CASE WHEN version <> :version OR afterwards <> '[]' THEN record END,
  posted_version = CASE WHEN afterwards <> '[]' THEN posted_version ELSE :version END,
  problems = afterwards, afterwards = '[]', rule = '', why = '', waits_for = NULL,
  queued_at = :now, not_before = NULL, published_at = NULL, claims = 0, attempts = 0, owner = '', lease_until = NULL
WHERE pair = :pair AND kind = :kind AND id = :id
RETURNING state, problems
"""

DROP_BYTES = "UPDATE document SET body = '{}', sent = NULL WHERE pair = :pair AND kind = :kind AND id = :id"

# A crash counter counts crashes without progress: an answer is progress.
PROGRESS = """
UPDATE source SET claims = CASE WHEN state = 'claimed' THEN 1 ELSE 0 END, attempts = 0
WHERE pair = :pair AND kind = :kind AND id = :id
"""

HOLD_CONFLICT = """
UPDATE source SET
  state = 'held', problems = :problems, rule = '', why = '', waits_for = NULL,
  not_before = NULL, published_at = NULL, claims = 0, attempts = 0, owner = '', lease_until = NULL
WHERE pair = :pair AND kind = :kind AND id = :id AND record IS NOT NULL
RETURNING state
"""

# T8 - People

RETRY = """
UPDATE source SET
  state = 'queued', problems = '[]', rule = '', queued_at = :now, not_before = NULL, published_at = NULL
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'held'
RETURNING state
"""

IGNORE = """
UPDATE source SET state = 'excluded', problems = '[]', rule = :rule
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'held'
RETURNING state
"""

WAKE = """
UPDATE source SET
  state = 'queued', problems = '[]', rule = '', queued_at = :now, not_before = NULL, published_at = NULL
WHERE pair = :pair AND kind = :kind AND state IN ('held', 'excluded') AND fingerprint <> :fingerprint
  AND substr(rule, 1, 8) <> 'ignored:'
RETURNING pair, kind, id
"""

HASTEN = """
UPDATE source SET not_before = NULL, queued_at = :now WHERE pair = :pair AND state = 'queued' AND not_before > :now
"""

TRY_NOW = """
UPDATE circuit SET until = :now, probe_until = NULL, failures = 0, needs_person = 0 WHERE pair = :pair
"""

# T9 - The sweep

SEEN_EMPTY = """
INSERT INTO queue (kind, empty_at, lost_before) VALUES (:kind, :empty_at, :lost_before)
ON CONFLICT (kind) DO UPDATE SET empty_at = excluded.empty_at, lost_before = excluded.lost_before
WHERE excluded.empty_at > queue.empty_at
"""

DEAD_LEASES = """
UPDATE source SET
  state = 'queued', queued_at = :now, not_before = NULL, published_at = NULL, owner = '', lease_until = NULL
WHERE state = 'claimed' AND lease_until <= :now
RETURNING pair, kind, id, claims
"""

OWNERS = "SELECT owner FROM source WHERE state = 'claimed' UNION SELECT owner FROM lease"

GONE_CLAIMS = """
UPDATE source SET
  state = 'queued', queued_at = :now, not_before = NULL, published_at = NULL, owner = '', lease_until = NULL
WHERE state = 'claimed' AND owner = :owner
RETURNING pair, kind, id, claims
"""

GONE_LEASES = "DELETE FROM lease WHERE owner = :owner"

LOST = """
UPDATE source SET published_at = NULL
WHERE state = 'queued' AND published_at IS NOT NULL
  AND published_at < (SELECT q.lost_before FROM queue q WHERE q.kind = source.kind)
RETURNING pair, kind, id
"""

FORGET_HANDED_OVER = "UPDATE source SET published_at = NULL WHERE kind = :kind AND state = 'queued'"

# TL - Leases and links

LEASE = """
INSERT INTO lease (name, owner, lease_until) VALUES (:name, :owner, :lease_until)
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
WHERE lease.owner = excluded.owner OR lease.lease_until <= :now
RETURNING owner
"""

RENEW_LEASE = "UPDATE lease SET lease_until = :lease_until WHERE name = :name AND owner = :owner RETURNING name"

UNLEASE = "DELETE FROM lease WHERE name = :name AND owner = :owner"

LINK = "SELECT * FROM link WHERE pair = :pair AND kind = :kind AND id = :id AND part = :part"

LINKS = "SELECT * FROM link WHERE pair = :pair AND kind = :kind AND id = :id ORDER BY part"

LINK_BY_TARGET = """
SELECT * FROM link WHERE pair = :pair AND entity = :entity AND target_id = :target_id ORDER BY kind, id, part LIMIT 1
"""

LINKS_OF_CUSTOMER = """
SELECT * FROM link WHERE pair = :pair AND customer = :customer ORDER BY kind, id DESC, part LIMIT :limit
"""

ADD_LINK = """
INSERT INTO link (pair, kind, id, part, entity, target_id, sync_token, number, amount, currency, customer, hash,
  day, stood)
VALUES (:pair, :kind, :id, :part, :entity, :target_id, :sync_token, :number, :amount, :currency, :customer, :hash,
  :day, :stood)
ON CONFLICT (pair, kind, id, part) DO UPDATE SET
  sync_token = excluded.sync_token, number = excluded.number, amount = excluded.amount,
  currency = excluded.currency, customer = excluded.customer, hash = excluded.hash, day = excluded.day,
  stood = excluded.stood
WHERE link.target_id = excluded.target_id
RETURNING target_id
"""

SET_LINK = """
INSERT INTO link (pair, kind, id, part, entity, target_id, sync_token, number, amount, currency, customer, hash,
  day, stood)
VALUES (:pair, :kind, :id, :part, :entity, :target_id, :sync_token, :number, :amount, :currency, :customer, :hash,
  :day, :stood)
ON CONFLICT (pair, kind, id, part) DO UPDATE SET
  entity = excluded.entity, target_id = excluded.target_id, sync_token = excluded.sync_token,
  number = excluded.number, amount = excluded.amount, currency = excluded.currency, customer = excluded.customer,
  hash = excluded.hash, day = excluded.day, stood = excluded.stood
"""

MERGED_CUSTOMER = """
UPDATE link SET target_id = :into, sync_token = ''
WHERE pair = :pair AND entity = 'Customer' AND target_id = :customer
RETURNING *
"""

MERGED_DOCUMENTS = "UPDATE link SET customer = :into WHERE pair = :pair AND customer = :customer"

FORGET_LINK = """
DELETE FROM link WHERE pair = :pair AND kind = :kind AND id = :id AND part = :part RETURNING target_id
"""

FORGET_PART = """
DELETE FROM document WHERE pair = :pair AND kind = :kind AND id = :id AND part = :part AND stage = 'answered'
"""

FORGET_VERSION = """
UPDATE source SET version = '', posted_version = ''
WHERE pair = :pair AND kind = :kind AND id = :id AND state = 'posted'
"""

# The other small tables

SWITCH = """
INSERT INTO switch (pair, enabled, turned_at, who) VALUES (:pair, :enabled, :now, :who)
ON CONFLICT (pair) DO UPDATE SET enabled = excluded.enabled, turned_at = excluded.turned_at, who = excluded.who
"""

MAY_WRITE = """
SELECT 1 FROM switch WHERE pair = :pair AND enabled = 1
UNION ALL SELECT 1 FROM lease WHERE substr(name, 1, length(:permits)) = :permits AND lease_until > :now
"""

END_PERMITS = "DELETE FROM lease WHERE substr(name, 1, length(:permits)) = :permits"

SWITCHED = "SELECT enabled, turned_at, who FROM switch WHERE pair = :pair"

OPEN_CIRCUIT = """
INSERT INTO circuit (pair, side, since, until, failures, kind, reason, needs_person)
VALUES (:pair, :side, :now, :until, 1, :kind, :reason, :needs_person)
ON CONFLICT (pair, side) DO UPDATE SET
  until = excluded.until, probe_until = NULL, failures = circuit.failures + 1,
  kind = excluded.kind, reason = excluded.reason, needs_person = excluded.needs_person
RETURNING *
"""

PROBE_OVER = "UPDATE circuit SET probe_until = NULL WHERE pair = :pair AND side = :side"

CLOSE_CIRCUIT = "DELETE FROM circuit WHERE pair = :pair AND side = :side RETURNING *"

CIRCUITS = "SELECT * FROM circuit WHERE pair = :pair ORDER BY side"

CIRCUIT = "SELECT * FROM circuit WHERE pair = :pair AND side = :side"

TOKENS = "SELECT access, refresh, access_expires, refresh_expires FROM token WHERE pair = :pair"

SAVE_TOKENS = """
INSERT INTO token (pair, access, refresh, access_expires, refresh_expires)
VALUES (:pair, :access, :refresh, :access_expires, :refresh_expires)
ON CONFLICT (pair) DO UPDATE SET
  access = excluded.access, refresh = excluded.refresh,
  access_expires = excluded.access_expires, refresh_expires = excluded.refresh_expires
"""

FORGET_TOKENS = "DELETE FROM token WHERE pair = :pair"

REFERENCE = "SELECT content, fetched_at FROM reference WHERE pair = :pair AND name = :name"

SAVE_REFERENCE = """
INSERT INTO reference (pair, name, content, fetched_at) VALUES (:pair, :name, :content, :now)
ON CONFLICT (pair, name) DO UPDATE SET content = excluded.content, fetched_at = excluded.fetched_at
"""

DROP_REFERENCE = "DELETE FROM reference WHERE pair = :pair AND name = :name"

CAME_BACK_AT = "SELECT fetched_at AS at FROM reference WHERE pair = '' AND name = 'came back'"

# Quotas, in microseconds. A bucket far fuller than its burst allows comes from a clock that was set back: it starts
# anew. (A little fuller it is when two processes read the clock and then write in the other order.) `closed_until` is a
# column of the first step that nobody reads: after a 429 it is the circuit that keeps calls back.

TAKE = """
INSERT INTO quota (bucket, full_at, closed_until) VALUES (:bucket, :now + :interval, 0)
ON CONFLICT (bucket) DO UPDATE SET full_at = :interval + CASE
  WHEN quota.full_at < :now OR quota.full_at > :impossible THEN :now ELSE quota.full_at END
WHERE quota.full_at + :interval <= :now + :capacity OR quota.full_at > :impossible
RETURNING full_at
"""

BUCKET = "SELECT full_at FROM quota WHERE bucket = :bucket"

# Metered reads

COUNT_READS = """
INSERT INTO api_use (realm, month, reads) VALUES (:realm, :month, :reads)
ON CONFLICT (realm, month) DO UPDATE SET reads = api_use.reads + excluded.reads
"""

READS_OF = "SELECT reads FROM api_use WHERE realm = :realm AND month = :month"

# Facts

COUNTS = "SELECT state, count(*) AS sources FROM source WHERE pair = :pair AND kind = :kind GROUP BY state"

ALL_COUNTS = "SELECT kind, state, count(*) AS sources FROM source WHERE pair = :pair GROUP BY state, kind"

STANDING = """
SELECT pair, kind, id, state, problems, rule, version, modified, attempts, not_before, waits_for, why FROM source
WHERE pair = :pair AND kind = :kind AND id = :id
"""

HELD = """
SELECT pair, kind, id, state, problems, rule, version, modified, attempts, not_before, waits_for, why FROM source
WHERE pair = :pair AND state = 'held' ORDER BY modified, kind, id
"""

UNPOSTED = """
SELECT id, record FROM source
WHERE pair = :pair AND kind = :kind AND state <> 'posted' AND substr(rule, 1, 8) <> 'ignored:'
  AND NOT EXISTS (
    SELECT 1 FROM link WHERE link.pair = source.pair AND link.kind = source.kind AND link.id = source.id
  )
"""

BACKLOG = """
SELECT count(*) AS sources FROM source WHERE pair = :pair AND kind = :kind AND state IN ('queued', 'claimed')
"""

PENDING = """
SELECT count(*) AS sources FROM source
WHERE pair = :pair AND kind = :kind AND (state = 'claimed' OR (state = 'queued' AND waits_for IS NULL
  AND (not_before IS NULL OR not_before <= :until)))
"""

OLDEST_QUEUED = """
SELECT min(modified) AS at FROM source WHERE pair = :pair AND kind = :kind AND state IN ('queued', 'claimed')
"""

ADD_EVENT = """
INSERT INTO event (at, pair, kind, id, what, detail) VALUES (:at, :pair, :kind, :id, :what, :detail)
"""

# Only where nothing has happened since the claim, and it came right after the same was told.
FORGET_CLAIM = """
DELETE FROM event WHERE pair = :pair AND kind = :kind AND id = :id AND what = 'claimed'
  AND seq = (SELECT max(seq) FROM event WHERE pair = :pair AND kind = :kind AND id = :id)
  AND 'later' = (
    SELECT what FROM event e WHERE e.pair = :pair AND e.kind = :kind AND e.id = :id AND e.seq < event.seq
    ORDER BY e.seq DESC LIMIT 1)
RETURNING seq
"""

EVENTS = """
SELECT at, pair, kind, id, what, detail FROM event WHERE pair = :pair AND kind = :kind AND id = :id ORDER BY seq
"""

PLANNED = """
SELECT detail FROM event WHERE pair = :pair AND kind = :kind AND id = :id AND what = 'planned' ORDER BY seq DESC
"""

START_RUN = "INSERT INTO run (pair, workflow, started, facts) VALUES (:pair, :workflow, :started, :facts) RETURNING id"

END_RUN = "UPDATE run SET ended = :now, facts = :facts WHERE id = :id"

RUNS = "SELECT id, pair, workflow, started, ended, facts FROM run WHERE pair = :pair ORDER BY id DESC LIMIT :limit"

OPEN_RUNS = "SELECT id, pair, workflow, started, ended, facts FROM run WHERE pair = :pair AND ended IS NULL ORDER BY id"

DEAD = "INSERT INTO dead (at, workflow, body, why) VALUES (:now, :workflow, :body, :why)"

DEAD_LETTERS = "SELECT at, workflow, body, why FROM dead ORDER BY id"
