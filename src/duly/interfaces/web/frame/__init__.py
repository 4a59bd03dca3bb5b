"""What stands around every page: navigation, search, theme, and the pages for what went wrong."""
