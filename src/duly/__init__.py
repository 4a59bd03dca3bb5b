"""Duly: the billing system for account teams, from agreed work to money in the bank."""

__version__ = "0.1.0"
