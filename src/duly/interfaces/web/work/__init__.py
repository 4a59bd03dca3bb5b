"""Work: what is unbilled, entry by hand, approval, imports, milestones, expenses."""
