"""Usage: events counted exactly once, and the quantities that are made of them."""
