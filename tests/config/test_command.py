"""The command says what is wrong with a setting."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("name", "value", "says"), [
    ("DULY_TODAY", "", '"DULY_TODAY" invalid: Not a valid date'),
    ("DULY_SMTP_PORT", "smtp", '"DULY_SMTP_PORT" invalid: Not a valid integer'),
    ("DATABASE_URL", "mysql://localhost/duly", "must begin with postgresql://, not “mysql”"),
    ("DATABASE_URL", "postgresql://localhost:port/duly", "The database's URL cannot be read"),
])
def test_a_setting_that_cannot_be_read_is_named(name: str, value: str, says: str) -> None:
    found = subprocess.run([sys.executable, "-m", "duly", "accounts"], env={**os.environ, name: value},
                           capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("duly: ")
    assert says in found.stderr
    assert found.stderr.count("\n") == 1, "one line, no traceback"
