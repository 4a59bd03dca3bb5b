"""Search across accounts, invoices, agreements and people."""
