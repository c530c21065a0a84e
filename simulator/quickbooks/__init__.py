"""A QuickBooks Online company on loopback: state and rules in `company`, HTTP in `api`. LIMITS.md says what is missing."""
