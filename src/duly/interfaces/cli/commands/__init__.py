"""One module per step of the month; each command makes its calls to the verbs and answers what they said."""
