"""Billing: runs, the drafts that they make, and the reviews that wait."""
