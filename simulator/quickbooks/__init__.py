"""A QuickBooks Online company on loopback: `company` is state and rules, `api` is HTTP, LIMITS.md what is missing."""
