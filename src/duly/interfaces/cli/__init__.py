"""The command line: reads files and options, makes calls to the verbs, prints what they answer."""
