"""Payments: money received and what it pays."""
