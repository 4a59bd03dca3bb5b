"""Checks against what was agreed: order, cap, dates, rates."""

import polars as pl

from duly.engine.checks.registry import AT_WILL, NEVER_SILENT, Facts, check
from duly.engine.pricing.explain import plain
from duly.engine.pricing.multipliers import multiplied
from duly.engine.wording import amount_of, day_of


@check("purchase_order_missing", "blocks", may_be=AT_WILL)
def purchase_order_missing(facts: Facts) -> pl.DataFrame:
    """An account that wants its purchase order on invoices gets none without it."""
    return facts.drafts.filter(pl.col("requires_purchase_order") & (pl.col("purchase_order") == "")).select(
        "document_key", pl.lit("purchase_order").alias("path"),
        pl.format("{} asks for a purchase order and its agreement names none. Add the order to the agreement.",
                  "account_name").alias("text"),
    )


@check("purchase_order_exceeded", "blocks", may_be=NEVER_SILENT)
def purchase_order_exceeded(facts: Facts) -> pl.DataFrame:
    """What is billed on an order stays within its value, this draft and all others included."""
    total = pl.col("order_billed_before") + pl.col("net").sum().over("account_id", "purchase_order")
    same = pl.col("order_currency") == pl.col("currency")
    ordered = facts.drafts.filter(same).with_columns(total.alias("_on_order"))
    return ordered.filter(pl.col("_on_order") > pl.col("order_amount")).select(
        "document_key", pl.lit("purchase_order").alias("path"),
        pl.format("Order {} is worth {} {}; with this draft {} {} would be billed on it. Ask for a larger order.",
                  "purchase_order", amount_of("order_amount"), "currency", amount_of("_on_order"), "currency",
                  ).alias("text"),
    )


@check("purchase_order_currency", "blocks", may_be=NEVER_SILENT)
def purchase_order_currency(facts: Facts) -> pl.DataFrame:
    """A draft is in its order's currency: an order in another one does not cover it."""
    return facts.drafts.filter(pl.col("order_currency") != pl.col("currency")).select(
        "document_key", pl.lit("purchase_order").alias("path"),
        pl.format("Order {} is in {}, this draft in {}. Ask for an order in {}.",
                  "purchase_order", "order_currency", "currency", "currency").alias("text"),
    )


@check("purchase_order_expired", "blocks", may_be=NEVER_SILENT)
def purchase_order_expired(facts: Facts) -> pl.DataFrame:
    """An order covers services until its last day."""
    return facts.drafts.filter(pl.col("service_to") > pl.col("order_expires_on")).select(
        "document_key", pl.lit("purchase_order").alias("path"),
        pl.format("Order {} expired on {}; this draft bills services until {}. Ask for a new order.",
                  "purchase_order", day_of("order_expires_on"), day_of("service_to")).alias("text"),
    )


@check("agreement_cap_exceeded", "blocks")
def agreement_cap_exceeded(facts: Facts) -> pl.DataFrame:
    """Billing under an agreement stays within its cap, all drafts included; it says whether beyond blocks or warns."""
    total = pl.col("billed_before") + pl.col("billed_here").sum().over("agreement_id")
    capped = facts.agreements.with_columns(total.alias("_billed")).filter(pl.col("_billed") > pl.col("cap"))
    return capped.join(facts.drafts.select("document_key", "currency", "exponent"), on="document_key").select(
        "document_key", pl.format("agreements.{}.cap", "agreement").alias("path"),
        pl.format("Agreement {} is capped at {} {}; with this draft {} {} would be billed. Raise the cap or leave "
                  "work out.", "agreement", amount_of("cap"), "currency", amount_of("_billed"), "currency",
                  ).alias("text"),
        pl.when(pl.col("cap_behaviour") == "warn").then(pl.lit("warns")).otherwise(pl.lit("blocks")).alias("severity"),
    )


@check("work_outside_agreement", "blocks")
def work_outside_agreement(facts: Facts) -> pl.DataFrame:
    """Work is billed under an agreement only for days on which the agreement holds."""
    dated = facts.work.join(
        facts.agreements.select("document_key", "agreement_id", "agreement", "starts_on", "ends_on"),
        on=["document_key", "agreement_id"],
    )
    outside = (pl.col("worked_on") < pl.col("starts_on")) | (pl.col("worked_on") > pl.col("ends_on"))
    ending = pl.concat_str(pl.lit(" and ends on "), day_of("ends_on")).fill_null("")
    return dated.filter(outside).select(
        "document_key", pl.format("lines[{}].work[{}]", "position", "work_id").alias("path"),
        pl.format("Work of {} lies outside agreement {}, which begins on {}{}. Correct the date or the agreement.",
                  day_of("worked_on"), "agreement", day_of("starts_on"), ending).alias("text"),
    )


@check("rate_differs_from_card", "blocks")
def rate_differs_from_card(facts: Facts) -> pl.DataFrame:
    """A line's hourly rate is the rate card's for the person, project, role and task on the day, times its factor."""
    agreed = multiplied(pl.col("card_price"), pl.col("factor"))
    differs = agreed.ne_missing(pl.col("unit_price"))
    times = pl.when(pl.col("factor") == 1).then(pl.lit("")).otherwise(
        pl.format(", {} times the rate", plain(pl.col("factor"))))
    work = facts.work.filter((pl.col("kind") == "time") & differs)
    return work.join(facts.drafts.select("document_key", "currency"), on="document_key").select(
        "document_key", pl.format("lines[{}].unit_price", "position").alias("path"),
        pl.format("The line charges {} {} an hour{}; the rate card says {} for {} on {}. Draft the invoice again.",
                  plain(pl.col("unit_price")), "currency", times, plain(pl.col("card_price")).fill_null("nothing"),
                  pl.col("person").fill_null("this person"), day_of("worked_on")).alias("text"),
    )
