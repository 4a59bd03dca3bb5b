"""The verbs of agreements: agreeing, amending and ending (`agree`), rate cards and dated rates (`rates`),
metrics of usage (`metrics`)."""
