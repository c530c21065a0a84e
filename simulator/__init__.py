"""A BigCommerce store and a QuickBooks Online company on loopback. LIMITS.md says what they do not do."""

from simulator.serve import Simulator

__all__ = ["Simulator"]
