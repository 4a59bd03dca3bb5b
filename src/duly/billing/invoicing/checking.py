"""Facts for the checks, and the findings they leave: at drafting, on demand, and again before issue."""

from datetime import date
from typing import Final

import polars as pl

from duly.billing.agreements.queries import rates_frame
from duly.billing.invoicing import queries
from duly.billing.kernel import frames
from duly.billing.kernel.frames import MONEY
from duly.engine.checks import CHOSEN, Facts, run_checks
from duly.engine.pricing.rates import with_rates
from duly.engine.tax import in_eu

SEEN_AT_DRAFTING: Final = "work_without_price"
UNPRICED: Final[frames.Schema] = {"document_key": pl.Int64, "text": pl.String}


def facts_of(headers: pl.DataFrame, on: date) -> Facts:
    """The facts of stored drafts (`queries.headers`) as they are now, for a decision on the day `on`."""
    drafts = headers["id"].to_list()
    headers = queries.with_parties(headers.rename({"id": "document_key"}))
    lines = queries.lines(drafts)
    evidence = queries.evidence(lines)
    cards = evidence["rate_card_id"].drop_nulls().unique().to_list()
    covered = pl.col("line_kind") == "covered"  # by a retainer: the card does not price it
    priced = with_rates(evidence, rates_frame(cards)).with_columns(
        pl.when(covered).then("unit_price").otherwise("price").alias("card_price")).drop("price", "line_kind")
    return gather(headers, lines, priced, pl.DataFrame(schema=UNPRICED), on)


def gather(headers: pl.DataFrame, lines: pl.DataFrame, work: pl.DataFrame, unpriced: pl.DataFrame,
           on: date) -> Facts:
    """Facts from frames at hand, stored or just computed, joined with what the database knows around them.

    headers   with the facts of their parties, as `queries.with_parties` gives them
    """
    drafts = headers["document_key"].to_list()
    return Facts(
        on=on,
        drafts=_draft_facts(headers, drafts, on),
        agreements=_agreement_facts(lines, drafts),
        lines=lines,
        work=work,
        days=_day_facts(work),
        unpriced=unpriced,
        chosen=frames.read("""select entity_id, check_name, severity from check_policy
                               where severity is not null and entity_id = any(%s)""",
                           [headers["entity_id"].unique().to_list()], CHOSEN),
    )


def check_drafts(facts: Facts, *, first_time: bool = False) -> pl.DataFrame:
    """Run every check, store what it finds in place of what stood before, and answer it.

    What only drafting sees, the work it had to leave out, stays until the draft is made anew.
    """
    found = run_checks(facts)
    if not first_time:
        frames.execute("delete from finding where invoice_id = any(%s) and check_name <> %s",
                       [facts.drafts["document_key"].to_list(), SEEN_AT_DRAFTING])
    frames.write("finding", found.rename({"document_key": "invoice_id"}))
    return found


def _draft_facts(headers: pl.DataFrame, drafts: list[int], on: date) -> pl.DataFrame:
    accounts = headers["account_id"].unique().to_list()
    return (
        headers.join(_orders(accounts, drafts), on=["account_id", "purchase_order"], how="left", maintain_order="left")
        .join(_habits(accounts), on=["account_id", "currency"], how="left", maintain_order="left")
        .join(_base_rates(headers, on), on=["entity_id", "currency"], how="left", maintain_order="left")
        .with_columns(
            pl.col("order_billed_before").fill_null(0),
            in_eu(pl.col("buyer_country"), pl.col("tax_point")).alias("buyer_in_eu"),
            in_eu(pl.col("seller_country"), pl.col("tax_point")).alias("seller_in_eu"),
        )
    )


def _orders(accounts: list[int], drafts: list[int]) -> pl.DataFrame:
    """Purchase orders with what other drafts and documents bill on them; a voucher that was sold on an order counts as
    far as it has paid nothing of it yet."""
    schema: frames.Schema = {
        "account_id": pl.Int64, "purchase_order": pl.String, "order_currency": pl.String, "order_amount": MONEY,
        "order_expires_on": pl.Date, "order_billed_before": MONEY,
    }
    return frames.read("""select o.account_id, o.number, o.currency, o.amount, o.expires_on,
            (select coalesce(sum(i.net), 0) from invoice i where i.account_id = o.account_id
              and i.currency = o.currency
              and i.purchase_order = o.number and i.state <> 'discarded' and i.kind <> 'proforma'
              and i.id <> all(%s))
          - (select coalesce(sum(n.amount), 0) from netting n join invoice i on i.id = n.invoice_id
               join invoice_line l on l.id = n.advance_id join invoice s on s.id = l.invoice_id
              where (i.account_id, i.currency, i.purchase_order) = (o.account_id, o.currency, o.number)
                and not n.released
                and (s.account_id, s.currency, s.purchase_order) = (o.account_id, o.currency, o.number))
        from purchase_order o where o.account_id = any(%s)""", [drafts, accounts], schema)


def _habits(accounts: list[int]) -> pl.DataFrame:
    """What the accounts' last six invoices in each currency were around (their mean, for a look, not for money)."""
    schema: frames.Schema = {
        "account_id": pl.Int64, "currency": pl.String, "earlier_invoices": pl.Int64, "usual_total": MONEY,
    }
    return frames.read("""select account_id, currency, count(*), round(avg(total), 2) from (
            select i.account_id, i.currency, i.total,
                   row_number() over (partition by i.account_id, i.currency
                                      order by i.issued_on desc, i.id desc) as place
              from invoice i where i.account_id = any(%s) and i.state = 'issued' and i.kind = 'invoice') last
        where place <= 6 group by 1, 2""", [accounts], schema)


def _base_rates(headers: pl.DataFrame, on: date) -> pl.DataFrame:
    """Base units for one unit of each document currency on the day: entity_id, currency, base_rate, base_exponent."""
    pairs = headers.select("entity_id", "currency").unique()
    schema: frames.Schema = {"entity_id": pl.Int64, "currency": pl.String, "base_rate": pl.Decimal(38, 10),
              "base_exponent": pl.Int64}
    return frames.read("""select e.id, w.currency, case when w.currency = e.base_currency then 1 else (
              select x.rate from exchange_rate x where x.base = w.currency and x.quote = e.base_currency
                 and x.valid_from <= %s order by x.valid_from desc limit 1) end,
            currency_exponent(e.base_currency)
        from unnest(%s::bigint[], %s::text[]) as w (entity_id, currency) join legal_entity e on e.id = w.entity_id""",
                       [on, pairs["entity_id"].to_list(), pairs["currency"].to_list()], schema)


def _agreement_facts(lines: pl.DataFrame, drafts: list[int]) -> pl.DataFrame:
    here = lines.group_by("document_key", "agreement_id", maintain_order=True).agg(
        pl.col("amount").filter(~pl.col("untaxed")).sum().alias("billed_here"),
        pl.col("service_to").max().alias("until"))
    schema: frames.Schema = {
        "agreement_id": pl.Int64, "until": pl.Date, "agreement": pl.String, "starts_on": pl.Date, "ends_on": pl.Date,
        "customer_id": pl.Int64, "payer_id": pl.Int64, "cap": MONEY, "cap_behaviour": pl.String, "billed_before": MONEY,
    }
    wanted = here.select("agreement_id", "until").unique()
    agreed = frames.read("""select w.id, w.until, g.number, g.starts_on, g.ends_on, c.id, coalesce(c.bill_to_id, c.id),
            v.cap, v.cap_behaviour, case when v.cap is null then 0 else (
              select coalesce(sum(l.amount), 0) from invoice_line l join invoice i on i.id = l.invoice_id
                join charge_terms t on t.id = l.terms_id
               where l.agreement_id = w.id and not t.untaxed and i.state <> 'discarded' and i.kind <> 'proforma'
                 and i.id <> all(%s)) end
        from unnest(%s::bigint[], %s::date[]) as w (id, until) join agreement g on g.id = w.id
        join account c on c.id = g.account_id
        cross join lateral (select * from agreement_version v where v.agreement_id = g.id
          order by (v.valid_from <= w.until) desc, v.valid_from desc limit 1) v""",
                         [drafts, frames.array(wanted["agreement_id"]), frames.array(wanted["until"])], schema)
    return here.join(agreed, on=["agreement_id", "until"], how="left")


def _day_facts(work: pl.DataFrame) -> pl.DataFrame:
    """Seconds per person and day over all their work, for the days that could be over the limit here."""
    here = work.filter((pl.col("kind") == "time") & pl.col("person_id").is_not_null())
    days = here.select("document_key", "person_id", "worked_on").unique()
    pairs = days.select("person_id", "worked_on").unique()
    schema: frames.Schema = {"person_id": pl.Int64, "person": pl.String, "worked_on": pl.Date, "seconds": pl.Int64}
    totals = frames.read("""select d.person_id, p.name, d.worked_on, t.seconds
        from unnest(%s::bigint[], %s::date[]) as d (person_id, worked_on) join person p on p.id = d.person_id
        cross join lateral (select sum(w.quantity)::bigint as seconds from work_item w
           where w.person_id = d.person_id and w.worked_on = d.worked_on and w.kind = 'time'
             and not w.withdrawn) t
        where t.seconds > 86400""",
                         [frames.array(pairs["person_id"]), frames.array(pairs["worked_on"])], schema)
    return days.join(totals, on=["person_id", "worked_on"])
