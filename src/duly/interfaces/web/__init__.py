"""The staff app: one folder for each area of work, the frame around them, and signing in."""
