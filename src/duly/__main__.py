"""`python -m duly` is the `bin/duly` command."""

from duly.config.command import main

if __name__ == "__main__":  # a process that draws PDFs imports this module and must not act again
    main()
