"""The statements about stock, by name, in the dialect that SQLite and PostgreSQL share."""

ITEMS = "SELECT * FROM stock_item WHERE pair = :pair ORDER BY item_id"

REMEMBER_ITEM = """
INSERT INTO stock_item (pair, item_id, sku, label, on_hand, active, read_at, sought)
VALUES (:pair, :item_id, :sku, :label, :on_hand, :active, :read_at, 0)
ON CONFLICT (pair, item_id) DO UPDATE SET
  sought = CASE WHEN stock_item.sku = excluded.sku THEN stock_item.sought ELSE 0 END,
  sku = excluded.sku, label = excluded.label, on_hand = excluded.on_hand, active = excluded.active,
  read_at = excluded.read_at
WHERE stock_item.read_at <= excluded.read_at OR stock_item.read_at > :now
"""

SOUGHT = "UPDATE stock_item SET sought = 1 WHERE pair = :pair AND sku = :sku"

LEVELS = "SELECT * FROM stock_level WHERE pair = :pair ORDER BY unit"

LEARN_LEVEL = """
INSERT INTO stock_level (pair, unit, sku, label, level, sure, known_at)
VALUES (:pair, :unit, :sku, :label, :level, :sure, :known_at)
ON CONFLICT (pair, unit) DO UPDATE SET
  level = CASE WHEN stock_level.known_at <= :settled THEN excluded.level ELSE stock_level.level END,
  sure = CASE WHEN stock_level.known_at <= :settled THEN excluded.sure ELSE stock_level.sure END,
  known_at = CASE WHEN stock_level.known_at <= :settled THEN excluded.known_at ELSE stock_level.known_at END,
  sku = excluded.sku, label = excluded.label, trouble = ''
"""

MOVED_SINCE = "SELECT units FROM allocation WHERE pair = :pair AND modified >= :since"

FORGET_LEVEL = "DELETE FROM stock_level WHERE pair = :pair AND unit = :unit"

TRACK = "UPDATE stock_level SET tracked = :tracked WHERE pair = :pair AND unit = :unit"

ALLOCATION = "SELECT * FROM allocation WHERE pair = :pair AND order_id = :order_id"

ALLOCATE = """
INSERT INTO allocation (pair, order_id, version, created, modified, units, returns)
VALUES (:pair, :order_id, :version, :created, :modified, :units, :returns)
ON CONFLICT (pair, order_id) DO UPDATE SET
  version = excluded.version, modified = excluded.modified, units = excluded.units, returns = excluded.returns
"""

MOVE_LEVEL = """
UPDATE stock_level SET
  level = level - :taken, moves = moves + 1,
  sure = CASE WHEN :told = 1 AND known_at < :settled THEN sure ELSE 0 END
WHERE pair = :pair AND unit = :unit
"""

ALLOCATIONS = """
SELECT * FROM allocation WHERE pair = :pair AND units <> '{}' AND (booked IS NULL OR booked <> units)
UNION SELECT * FROM allocation WHERE pair = :pair AND units <> '{}' AND booked_at >= :since
"""

OTHER_SHOPS = """
SELECT pair FROM cursor
WHERE stream = :stream AND polled_at >= :since AND pair <> :pair
  AND substr(pair, instr(pair, ':')) = substr(:pair, instr(:pair, ':'))
ORDER BY pair
"""

WITHOUT_ALLOCATION = """
SELECT id, record FROM source
WHERE pair = :pair AND kind = 'order' AND record IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM allocation WHERE allocation.pair = source.pair AND allocation.order_id = source.id)
"""

NEVER_BOOKED = """
SELECT allocation.*, source.rule FROM allocation
JOIN source ON source.pair = allocation.pair AND source.kind = 'order' AND source.id = allocation.order_id
WHERE allocation.pair = :pair AND source.state = 'excluded' AND allocation.units <> '{}'
  AND (allocation.booked IS NULL OR allocation.booked <> allocation.units)
ORDER BY allocation.created, allocation.order_id
"""

# What a version took is kept as it is worked on: a newer one may be read before it stands in QuickBooks.
CLAIM_UNITS = """
UPDATE allocation SET claimed = units, claimed_version = version
WHERE pair = :pair AND order_id = :order_id AND version = :version
"""

# What stands in QuickBooks once an order is settled. One that is held then for what could not be booked counts only
# where nothing of it stood before, else nobody knows which of its units do; and where its sale was not voided at once.

BOOK = """
UPDATE allocation SET booked = CASE version WHEN :version THEN units ELSE claimed END, booked_at = :now
WHERE pair = :pair AND order_id = :order_id AND :version IN (version, claimed_version)
  AND (:held = 0 OR booked IS NULL AND NOT EXISTS (
    SELECT 1 FROM document
    WHERE document.pair = :pair AND kind = 'order' AND id = :order_id AND document.version = :version
      AND operation = 'void' AND entity IN ('SalesReceipt', 'Invoice') AND stage = 'answered'))
  AND (booked IS NULL OR booked <> CASE version WHEN :version THEN units ELSE claimed END)
"""

LOWER_BOOKED = "UPDATE allocation SET booked = :booked WHERE pair = :pair AND order_id = :order_id"

BOOK_BY_HAND = """
UPDATE allocation SET booked = units, booked_at = :now
WHERE pair = :pair AND order_id = :order_id AND (booked IS NULL OR booked <> units)
RETURNING order_id
"""

MOVES = "SELECT moves FROM stock_level WHERE pair = :pair AND unit = :unit"

WRITE_BEGINS = "UPDATE stock_level SET sure = 0, known_at = :now WHERE pair = :pair AND unit = :unit"

WRITTEN = """
UPDATE stock_level SET
  level = :level, sure = CASE WHEN moves = :moves THEN 1 ELSE 0 END, known_at = :now, trouble = ''
WHERE pair = :pair AND unit = :unit
"""

REFUSED_LEVEL = "UPDATE stock_level SET trouble = :trouble WHERE pair = :pair AND unit = :unit"

WITHDRAW = """
UPDATE stock_proposal SET state = 'withdrawn', settled_at = :now WHERE pair = :pair AND state = 'waiting'
"""

PROPOSE = """
INSERT INTO stock_proposal (pair, made_at, reasons, state, lost) VALUES (:pair, :now, :reasons, 'waiting', :lost)
RETURNING id
"""

PROPOSE_CHANGE = """
INSERT INTO stock_change (proposal, position, unit, sku, label, item_id, old, on_hand, allocated, new, moves)
VALUES (:proposal, :position, :unit, :sku, :label, :item_id, :old, :on_hand, :allocated, :new, :moves)
"""

_PROPOSAL = """
SELECT stock_proposal.*,
  (SELECT count(*) FROM stock_change WHERE proposal = stock_proposal.id) AS changes,
  (SELECT count(*) FROM stock_change WHERE proposal = stock_proposal.id AND written = 1) AS written
FROM stock_proposal
"""

PROPOSALS = f"{_PROPOSAL} WHERE pair = :pair ORDER BY id DESC LIMIT :limit"

ONE_PROPOSAL = f"{_PROPOSAL} WHERE id = :id"

WAITING_PROPOSAL = f"{_PROPOSAL} WHERE pair = :pair AND state = 'waiting'"

EVER_APPROVED = """
SELECT 1 FROM stock_proposal
WHERE pair = :pair AND state = 'approved' AND settled_at >= coalesce(
  (SELECT watermark FROM cursor WHERE cursor.pair = :pair AND stream = :anew), '')
LIMIT 1
"""

PROPOSED = """
SELECT * FROM stock_change WHERE proposal = :proposal AND (:left = 0 OR written = 0) ORDER BY position
"""

SETTLE_PROPOSAL = """
UPDATE stock_proposal SET state = :state, settled_at = :now, who = :who
WHERE id = :proposal AND state = 'waiting'
RETURNING id
"""

PROPOSAL_WRITTEN = "UPDATE stock_change SET written = 1 WHERE proposal = :proposal AND unit = :unit"

# Of a change: 0 nobody knows yet, 1 the shop has taken it, 2 it was left out.
PROPOSAL_LEFT_OUT = "UPDATE stock_change SET written = 2 WHERE proposal = :proposal AND unit = :unit"

LEVELS_WRITTEN = """
SELECT detail FROM event
WHERE pair = :pair AND kind = :kind AND id = :id AND what = 'levels written' AND at >= :since
"""
