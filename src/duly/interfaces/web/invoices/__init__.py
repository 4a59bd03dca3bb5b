"""Invoices: the list of what is issued, and the page of each draft and document with everything that is done to it."""
