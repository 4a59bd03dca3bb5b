"""The verbs of accounts: who sells (`entities`), who buys (`customers`), who works and signs in (`people`)."""
