"""Frozen copies of sellers and buyers, content-addressed: a party that did not change is stored once.

The copies carry what EN 16931 asks of seller (BG-4) and buyer (BG-7), and where to pay (BG-17).
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import polars as pl

from duly.billing.kernel import frames

ADDRESS: Final = """array_to_json(array_remove(array[p.street, nullif(p.street_2, ''),
    nullif(trim(concat_ws(' ', p.postcode, p.city)), ''), nullif(p.region, '')], null))"""

REGISTRATIONS: Final = """(select coalesce(jsonb_agg(jsonb_build_object('scheme', upper(t.scheme), 'number', t.number,
    'country', t.country) order by t.country, t.scheme), '[]') from tax_registration t where t.{owner}_id = p.id)"""

SELLER: Final = f"""
    select p.id, jsonb_build_object('name', p.name, 'address', {ADDRESS}, 'country', p.country,
      'registrations', {REGISTRATIONS.format(owner="entity")}, 'email', p.email, 'phone', p.phone,
      'website', p.website, 'legal_text', p.legal_notice, 'colour', p.colour,
      'logo', (select f.sha256 from stored_file f where f.id = p.logo_id),
      'bank_accounts', (select coalesce(jsonb_agg(jsonb_build_object('holder', b.holder, 'iban', b.iban, 'bic', b.bic,
          'bank', b.bank, 'currency', b.currency) order by b.position, b.id), '[]')
        from bank_account b where b.entity_id = p.id)) as data
      from legal_entity p where p.id = any(%s)"""

BUYER: Final = f"""
    select p.id, jsonb_build_object('name', p.name, 'address', {ADDRESS}, 'country', p.country,
      'registrations', {REGISTRATIONS.format(owner="account")}, 'account_number', p.number,
      'contact_name', coalesce((select c.name from contact c where c.account_id = p.id and c.roles ? 'billing'
                                order by c.id limit 1), '')) as data
      from account p where p.id = any(%s)"""


def freeze_sellers(entities: Sequence[int]) -> pl.DataFrame:
    """Copies of the legal entities as they are now: entity_id, seller_id."""
    return _freeze(SELLER, entities, "entity_id", "seller_id")


def freeze_buyers(accounts: Sequence[int]) -> pl.DataFrame:
    """Copies of the accounts as they are now: account_id, buyer_id."""
    return _freeze(BUYER, accounts, "account_id", "buyer_id")


def _freeze(parties: str, ids: Sequence[int], owner: str, copy: str) -> pl.DataFrame:
    """Copies by content: most are there already, so look first and write only what is new."""
    now = frames.read(f"select id, data::text from ({parties}) p", [list(ids)], {owner: pl.Int64, "data": pl.String})
    digests = [hashlib.sha256(data.encode()).hexdigest() for data in now["data"]]
    now = now.with_columns(pl.Series("digest", digests, dtype=pl.String))
    kept = _kept(digests, copy)
    new = now.join(kept, on="digest", how="anti").unique("digest").sort("digest")
    if not new.is_empty():
        # In digest order, so that two runs that freeze the same parties cannot lock each other crosswise.
        frames.execute("""insert into party_copy (digest, data) select * from unnest(%s::text[], %s::jsonb[])
                          on conflict (digest) do nothing""", [new["digest"].to_list(), new["data"].to_list()])
        kept = _kept(digests, copy)
    return now.join(kept, on="digest").select(owner, copy)


def _kept(digests: list[str], copy: str) -> pl.DataFrame:
    schema: frames.Schema = {copy: pl.Int64, "digest": pl.String}
    return frames.read("select id, digest from party_copy where digest = any(%s)", [digests], schema)
