"""The statements that `explain` reads a document by: each a fixed number of times, whatever is on it."""

from typing import Final

from duly.billing.accounts.queries import IN_BOOK

HEAD: Final = f"""select i.id, i.number, i.kind, i.state, draft_digest(i.id), e.code, a.number, a.name, m.name,
        coalesce(author.name, i.created_by), p.run_id, i.review, i.currency, currency_exponent(i.currency), i.language,
        i.purchase_order, i.payment_days, i.time_annex, i.service_from, i.service_to, i.tax_point, i.issued_on,
        i.booked_on, i.due_on, i.base_rate, i.net, i.tax, i.total,
        i.withheld, i.prepaid, i.rounding, i.prices_include_tax, o.id, o.balance, s.data::text, b.data::text
    from invoice i join account a on a.id = i.account_id join legal_entity e on e.id = i.entity_id
    join party_copy s on s.id = i.seller_id join party_copy b on b.id = i.buyer_id
    left join app_user m on m.id = a.manager_id left join app_user author on author.login = i.created_by
    left join bill_run_partition p on p.id = i.run_partition_id left join open_item o on o.id = i.open_item_id
    where i.id = %(document)s and (%(everywhere)s or {IN_BOOK})"""

LINES: Final = """select l.id, l.position, g.number, g.name, t.name, l.kind, l.terms_id, v.valid_from, l.description,
        l.unit, l.quantity, l.unit_price, l.numerator, l.denominator, coalesce(l.gross, l.amount),
        l.tax_class, l.tax_category, l.tax_rate,
        l.tax, l.override_category, l.override_reason, l.service_from, l.service_to, l.explanation::text
    from invoice_line l join agreement g on g.id = l.agreement_id join charge_terms t on t.id = l.terms_id
    join agreement_version v on v.id = t.version_id where l.invoice_id = %s order by l.position"""

EVIDENCE: Final = """select l.id, w.id, w.kind, w.worked_on, w.started_at, w.person_name, w.project_name, w.role,
        w.task, w.description, a.quantity, a.billed_quantity, a.amount, w.cost, w.cost_currency,
        (select count(*) from work_receipt r where r.work_item_id = w.id), u.name
    from invoice_line l join work_allocation a on a.line_id = l.id join work_item w on w.id = a.work_item_id
    left join app_user u on u.id = w.approved_by_id
    where l.invoice_id = %s order by l.position, w.worked_on, w.started_at, w.id"""

SPANS: Final = """select s.line_id, s.span_from, s.span_to from charge_span s join invoice_line l on l.id = s.line_id
    where l.invoice_id = %s and s.cause_id is distinct from s.line_id order by s.span_from"""

RATES: Final = """select r.id, c.code, c.name, p.name, j.name, r.role, r.task, r.price, r.valid_from
    from rate r join rate_card c on c.id = r.card_id left join person p on p.id = r.person_id
    left join project j on j.id = r.project_id where r.id = any(%s)"""

TAXES: Final = """select name, category, rate, base, tax, reason from tax_line where invoice_id = %s
    order by position, rate desc, category"""

WITHHELD: Final = "select name, rate, base, amount from withheld_tax where invoice_id = %s order by name"

PREPAID: Final = """select i.id, i.number, i.issued_on, n.amount from netting n
    join invoice_line l on l.id = n.advance_id join invoice i on i.id = l.invoice_id
    where n.invoice_id = %s order by n.id"""

FINDINGS: Final = """select f.check_name, f.severity, f.path, f.text, u.name, w.waived_at, w.reason from finding f
    left join waiver w on (w.invoice_id, w.check_name, w.path, w.text) = (f.invoice_id, f.check_name, f.path, f.text)
    left join app_user u on u.id = w.waived_by_id where f.invoice_id = %s
    order by array_position(array['blocks', 'warns', 'notes'], f.severity::text), f.path, f.text"""

STEPS: Final = """select s.step, s.digest = draft_digest(s.invoice_id), u.name, s.submitted_at, d.verdict,
        coalesce(by.name, d.decided_by), d.on_behalf_of, d.decided_at, d.reason
    from review_step s join app_user u on u.id = s.submitted_by_id left join decision d on d.review_step_id = s.id
    left join app_user by on by.login = d.decided_by where s.invoice_id = %s order by s.id, d.id"""

EDITORS: Final = """select distinct coalesce(u.name, d.editor) from draft_edit d
    left join app_user u on u.login = d.editor where d.invoice_id = %s order by 1"""

EVENTS: Final = """select e.id, e.at, e.verb, coalesce(u.name, e.actor), e.on_behalf_of, e.data::text from event e
    left join app_user u on u.login = e.actor
    where e.subject_type = 'invoice' and e.subject_id = %s order by e.id"""

MOVEMENTS: Final = """select m.booked_on, n.kind, n.source, m.amount from open_item_movement m
    join entry n on n.id = m.entry_id
    where m.open_item_id = %s and n.kind <> 'exchange_difference' order by m.booked_on, m.id"""
