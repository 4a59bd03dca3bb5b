"""Settings: the firm's entities, series, taxes, people and policies."""
