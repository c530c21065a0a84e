"""Refunds of receipts in US companies, each in cents: what goes back by line, amount and tender."""

from __future__ import annotations


def test_example_8_one_unit_of_a_line_with_its_tax(world, order, refund, product):
    life = world().decide(order(), refund(12, product(1), total="24.36", tax="1.86"))
    assert life.kinds == {"document": "SalesReceipt", "refund-12": "RefundReceipt"}
    assert life.rows("refund-12") == [("Returned goods", "1 × 22.5", "22.50", "TAX")]
    assert (life.total("refund-12"), life.tax("refund-12")) == ("24.36", "1.86")
    assert life.named("refund-12", "DepositToAccountRef") == "Card clearing"
    assert life.codes == []
