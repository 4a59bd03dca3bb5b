"""Accounts: customers with their balances, and everything about one on one page."""
