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

DIGEST: Final = "encode(sha256(convert_to(data::text, 'UTF8')), 'hex')"

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


CHANGED: Final = (pl.col("seller_id") != pl.col("seller_id_now")) | (pl.col("buyer_id") != pl.col("buyer_id_now"))
"""Of `beside_now`: is seller or buyer no longer what the document names?"""


def beside_now(documents: pl.DataFrame) -> pl.DataFrame:
    """The documents' `seller_id` and `buyer_id` with copies as the parties are now beside them: `…_now`."""
    return documents.join(
        freeze_sellers(documents["entity_id"].unique().to_list()), on="entity_id", suffix="_now"
    ).join(freeze_buyers(documents["account_id"].unique().to_list()), on="account_id", suffix="_now")


FREEZE: Final = f"""
    with now as materialized (select id, {DIGEST} as digest, data from ({{parties}}) p),
    kept as materialized (select n.id, n.digest, c.id as copy_id from now n left join party_copy c using (digest)),
    made as (
      insert into party_copy (digest, data)
      select distinct on (n.digest) n.digest, n.data from now n join kept k on k.id = n.id and k.copy_id is null
       order by n.digest on conflict (digest) do nothing returning id, digest)
    select k.id, coalesce(k.copy_id, m.id) from kept k left join made m using (digest)"""


def _freeze(parties: str, ids: Sequence[int], owner: str, copy: str) -> pl.DataFrame:
    """Copies by content, each composed once: most are there already, and only what is new is written.

    In digest order, so that two runs that freeze the same parties cannot lock each other crosswise; what the other
    run wrote meanwhile is found by asking again.
    """
    schema: frames.Schema = {owner: pl.Int64, copy: pl.Int64}
    query = FREEZE.format(parties=parties)
    found = frames.read(query, [list(ids)], schema)
    return found if not found[copy].has_nulls() else frames.read(query, [list(ids)], schema)
