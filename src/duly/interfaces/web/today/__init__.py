"""Today: what waits for whoever is signed in, ranked, with the reason and the next step."""
