"""Frozen copies of sellers and buyers, content-addressed: a party that did not change is stored once.

The copies carry what EN 16931 asks of seller (BG-4) and buyer (BG-7), and where to pay (BG-17).
"""

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
    """Insert the copies that are new, in digest order so that two at once cannot lock crosswise; look all up."""
    digested = f"""with party as materialized (
        select id, data, encode(sha256(convert_to(data::text, 'UTF8')), 'hex') as digest from ({parties}) p)"""
    frames.execute(f"""{digested} insert into party_copy (digest, data)
        select distinct on (digest) digest, data from party order by digest on conflict (digest) do nothing""",
                   [list(ids)])  # fmt: skip
    return frames.read(f"{digested} select party.id, c.id from party join party_copy c using (digest)",
                       [list(ids)], {owner: pl.Int64, copy: pl.Int64})  # fmt: skip
