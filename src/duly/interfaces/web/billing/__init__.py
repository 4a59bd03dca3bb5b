"""Billing: runs, drafts and reviews, up to issue."""
