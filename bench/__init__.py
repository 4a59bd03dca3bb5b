"""Benchmarks: each is a ratio inside one run, beside a stated physical limit or a public peer."""
