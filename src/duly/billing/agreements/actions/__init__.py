"""The verbs of agreements: agreeing, amending and ending (`agree`), changes and pauses (`change`), terms and notice
(`runtime`), rate cards and dated rates (`rates`), metrics of usage (`metrics`)."""
