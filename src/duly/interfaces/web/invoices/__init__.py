"""Invoices: issued documents and what each still owes."""
