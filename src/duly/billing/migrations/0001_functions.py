"""Functions that the tables' own checks need, generated from the same data that Python computes with."""

from django.db import migrations
from iso4217 import Currency


def exponents() -> str:
    """`when 'EUR' then 2 …` for every ISO 4217 currency that has minor units defined."""
    known = {entry.code: entry.exponent for entry in Currency if entry.exponent is not None}
    return " ".join(f"when '{code}' then {exponent}" for code, exponent in sorted(known.items()))


FUNCTIONS = f"""
create function currency_exponent(code text) returns integer language sql immutable parallel safe as
$$ select case code {exponents()} end $$;

-- False, never null, for a currency that ISO 4217 does not know: a check passes on null.
create function is_minor_units(amount numeric, code text) returns boolean language sql immutable parallel safe as
$$ select coalesce(amount = round(amount, currency_exponent(code)), false) $$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunSQL(FUNCTIONS, "drop function is_minor_units; drop function currency_exponent")]
