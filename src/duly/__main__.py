"""`python -m duly` is the `bin/duly` command."""

from duly.config.command import main

main()
