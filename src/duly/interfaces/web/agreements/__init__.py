"""Agreements: what is billed and how, with its terms over time."""
