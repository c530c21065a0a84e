"""The statements of the shop's catalogue, as those in `statements`."""

PRODUCTS = "SELECT product_id FROM shop_product WHERE pair = :pair AND gone_at IS NULL"

LEARN_PRODUCT = """
INSERT INTO shop_product (pair, product_id, name, without_sku, gone_at)
VALUES (:pair, :product_id, :name, :without_sku, NULL)
ON CONFLICT (pair, product_id) DO UPDATE SET
  name = excluded.name, without_sku = excluded.without_sku, gone_at = NULL
WHERE shop_product.name <> excluded.name OR shop_product.without_sku <> excluded.without_sku
  OR shop_product.gone_at IS NOT NULL
"""

OFFERED = "SELECT source FROM shop_sku WHERE pair = :pair AND product_id = :product_id AND gone_at IS NULL"

LEARN_OFFER = """
INSERT INTO shop_sku (pair, product_id, source, sku, price, tracking, gone_at)
VALUES (:pair, :product_id, :source, :sku, :price, :tracking, NULL)
ON CONFLICT (pair, product_id, source) DO UPDATE SET
  sku = excluded.sku, price = excluded.price, tracking = excluded.tracking, gone_at = NULL
WHERE shop_sku.sku <> excluded.sku OR shop_sku.price <> excluded.price OR shop_sku.tracking <> excluded.tracking
  OR shop_sku.gone_at IS NOT NULL
"""

LOSE_OFFER = """
UPDATE shop_sku SET gone_at = :now
WHERE pair = :pair AND product_id = :product_id AND source = :source AND gone_at IS NULL
"""

LOSE_PRODUCT = """
UPDATE shop_product SET gone_at = :now WHERE pair = :pair AND product_id = :product_id AND gone_at IS NULL
"""

OFFERS = """
SELECT s.product_id, p.name, s.source, s.sku, s.price, s.tracking
FROM shop_sku s JOIN shop_product p ON p.pair = s.pair AND p.product_id = s.product_id
WHERE s.pair = :pair AND s.source = :source AND s.gone_at IS NULL ORDER BY s.product_id
"""

COUNTS = """
SELECT
  (SELECT count(*) FROM shop_product WHERE pair = :pair AND gone_at IS NULL) AS products,
  (SELECT coalesce(sum(without_sku), 0) FROM shop_product WHERE pair = :pair AND gone_at IS NULL) AS without_sku,
  count(DISTINCT s.source) AS skus,
  count(DISTINCT l.id) AS with_item
FROM shop_sku s LEFT JOIN link l ON l.pair = s.pair AND l.kind = 'item' AND l.id = s.source
WHERE s.pair = :pair AND s.gone_at IS NULL
"""

LEFT_ITEMS = """
SELECT l.target_id, s.sku, s.product_id, p.name, s.gone_at
FROM shop_sku s
JOIN shop_product p ON p.pair = s.pair AND p.product_id = s.product_id
JOIN link l ON l.pair = s.pair AND l.kind = 'item' AND l.id = s.source
WHERE s.pair = :pair AND s.gone_at IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM shop_sku o WHERE o.pair = s.pair AND o.source = s.source AND o.product_id <> s.product_id
    AND (o.gone_at IS NULL OR o.gone_at > s.gone_at OR (o.gone_at = s.gone_at AND o.product_id > s.product_id)))
ORDER BY s.gone_at, s.sku
"""
