"""The set-up file: a firm's companies, customers and agreements in one TOML file.

`read_set_up(data)` gives a `SetUp`, or raises `SetUpError` with every mistake at once, by its path.
"""

from duly.formats.setup_file.model import SetUp
from duly.formats.setup_file.reader import SetUpError, read_set_up

__all__ = ["SetUp", "SetUpError", "read_set_up"]
