"""Computes. Pure: no Django, no input or output, no clock, no settings."""
