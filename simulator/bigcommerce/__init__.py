"""The BigCommerce side: a store's state (store.py) and the Management API over it (api.py)."""
