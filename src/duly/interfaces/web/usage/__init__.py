"""Usage: who used what, the events behind it, what waits for a decision, and files of events on their way in."""
