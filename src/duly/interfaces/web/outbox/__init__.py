"""Outbox: every mail as it was sent."""
