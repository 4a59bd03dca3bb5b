"""The door for programs: typed REST under /api/v1/, for whoever shows a token; it calls the verbs of all doors."""
