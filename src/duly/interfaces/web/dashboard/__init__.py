"""The dashboard: what is open, late, billed, collected and unbilled, and how it moves."""
