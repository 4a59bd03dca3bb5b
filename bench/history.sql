-- Two years of invoices with their postings, payments and mails; see history.py. A document's number n decides it.
set local session_replication_role = replica;
create temporary table history on commit drop as
select n, nextval(pg_get_serial_sequence('invoice', 'id')) as invoice_id,
       nextval(pg_get_serial_sequence('open_item', 'id')) as item_id,
       nextval(pg_get_serial_sequence('entry', 'id')) as entry_id, d.account_id, d.agreement_id, d.version_id,
       d.issued_on, d.issued_on + 30 as due_on, round(net, 2) as net, round(net * 0.2, 2) as tax,
       extract(year from d.issued_on)::integer as fiscal_year,
       row_number() over (partition by extract(year from d.issued_on) order by n)::integer as sequence,
       -- most pay around the due date, some much later, and those of the last weeks not yet
       d.issued_on + (5 + (n * 7919) %% 40 + case when n %% 13 = 0 then (n * 31) %% 150 else 0 end)::integer as paid_on
  from (select n, g.account_id, g.id as agreement_id, v.id as version_id,
               %(first)s::date + (n * %(days)s / %(count)s)::integer as issued_on,
               (200 + (n * 104729) %% 997000 / 100.0)::numeric as net
          from generate_series(0::bigint, %(count)s - 1) n
          join (select g.*, row_number() over (order by id) - 1 as place from agreement g) g
            on g.place = (n * 7) %% (select count(*) from agreement)
          join agreement_version v on v.agreement_id = g.id) d;
analyze history;
create temporary table paid on commit drop as
select *, n %% 1009 <> 5 as settles, nextval(pg_get_serial_sequence('open_item', 'id')) as money_id,
       nextval(pg_get_serial_sequence('entry', 'id')) as receipt_entry_id,
       nextval(pg_get_serial_sequence('entry', 'id')) as allocation_entry_id,
       row_number() over (order by paid_on, n)::integer as receipt_sequence
  from history where paid_on <= %(today)s and n %% 101 <> 0;
analyze paid;
create temporary table numbered on commit drop as
select h.*, 'F' || h.fiscal_year || '-' || to_char(h.sequence, 'FM0000000') as number, coalesce(p.settles, false) as settles
  from history h left join paid p on p.n = h.n order by h.n;
analyze numbered;

insert into open_item (id, entity_id, account_id, control, label, currency, amount, balance, base_balance, booked_on, due_on)
select item_id, e.id, account_id, 'receivable', number, 'EUR', net + tax,
       case when h.settles then 0 else net + tax end, case when h.settles then 0 else net + tax end, issued_on, due_on
  from numbered h, legal_entity e where e.code = 'FIRM';
insert into entry (id, entity_id, kind, booked_on, source, command_id)
select entry_id, e.id, 'invoice', issued_on, number, gen_random_uuid() from numbered, legal_entity e where e.code = 'FIRM';
insert into transfer (entry_id, debit_id, credit_id, currency, amount, base_amount)
select entry_id, d.id, c.id, 'EUR', case c.role when 'tax' then tax else net end, case c.role when 'tax' then tax else net end
  from numbered join chart_account d on d.role = 'receivable' join chart_account c on c.role in ('revenue', 'tax')
   and c.entity_id = d.entity_id;
insert into open_item_movement (open_item_id, entry_id, amount, base_amount, booked_on)
select item_id, entry_id, net + tax, net + tax, issued_on from numbered;
insert into invoice (id, kind, state, entity_id, account_id, created_by, review, currency, language, purchase_order,
    payment_days, time_annex, service_from, service_to, tax_point, seller_id, buyer_id, net, tax, total, series_id,
    fiscal_year, sequence, number, issued_on, booked_on, due_on, base_rate, open_item_id)
select invoice_id, 'invoice', 'issued', e.id, account_id, 'bench', 'none', 'EUR', 'en', '', 30, true,
       (date_trunc('month', issued_on) - interval '1 month')::date, (date_trunc('month', issued_on) - interval '1 day')::date,
       issued_on, p.id, p.id, net, tax, net + tax, s.id, fiscal_year, sequence, number, issued_on, issued_on, due_on, 1, item_id
  from numbered, legal_entity e join number_series s on s.entity_id = e.id and s.kind = 'invoice', party_copy p
 where e.code = 'FIRM';
insert into invoice_line (invoice_id, position, agreement_id, charge_id, terms_id, kind, description, unit, quantity,
    unit_price, numerator, denominator, amount, tax_class, tax_category, tax_rate, tax, service_from, service_to, explanation)
select invoice_id, 1, h.agreement_id, c.id, t.id, 'recurring', 'Monthly fee', '', 1, net, net, 1, net, 'standard', 'S', 0.2,
       tax, issued_on - 30, issued_on, '[]'
  from numbered h join charge c on c.agreement_id = h.agreement_id and c.kind = 'recurring'
  join charge_terms t on t.charge_id = c.id;
insert into tax_line (invoice_id, category, rate, base, tax, reason) select invoice_id, 'S', 0.2, net, tax, '' from numbered;
insert into event (command_id, verb, actor, at, subject_type, subject_id, data)
select gen_random_uuid(), 'invoicing.issue', 'bench', issued_on, 'invoice', invoice_id, jsonb_build_object('number', number)
  from numbered;
insert into message (entity_id, account_id, invoice_id, recipients, subject, body, message_id, state, queued_at, queued_by)
select e.id, account_id, invoice_id, '[{"name": "Accounts Payable", "email": "ap@a.example"}]', 'Invoice ' || number,
       'Dear customer', '<' || invoice_id || '@firm.example>', case when n %% 20011 = 7 then 'failed' else 'sent' end, issued_on,
       'bench' from numbered, legal_entity e where e.code = 'FIRM';

insert into open_item (id, entity_id, account_id, control, label, currency, amount, balance, base_balance, booked_on, due_on)
select money_id, e.id, account_id, 'on_account', 'Q' || to_char(receipt_sequence, 'FM0000000'), 'EUR', -(net + tax),
       case when settles then 0 else -(net + tax) end, case when settles then 0 else -(net + tax) end, paid_on, paid_on from paid, legal_entity e where e.code = 'FIRM';
insert into receipt (entity_id, account_id, series_id, fiscal_year, sequence, number, received_on, booked_on, currency,
    amount, method, reference, open_item_id, language, seller_id, buyer_id)
select e.id, account_id, s.id, 2026, receipt_sequence, 'Q' || to_char(receipt_sequence, 'FM0000000'), paid_on, paid_on, 'EUR',
       net + tax, 'bank_transfer', '', money_id, 'en', p.id, p.id
  from paid, legal_entity e join number_series s on s.entity_id = e.id and s.kind = 'receipt', party_copy p where e.code = 'FIRM';
insert into entry (id, entity_id, kind, booked_on, source, command_id)
select side.id, e.id, side.kind, paid_on, '', gen_random_uuid()
  from paid cross join lateral (values (receipt_entry_id, 'receipt'), (allocation_entry_id, 'allocation')) as side (id, kind),
       legal_entity e where e.code = 'FIRM' and (settles or side.kind = 'receipt');
insert into transfer (entry_id, debit_id, credit_id, currency, amount, base_amount)
select side.id, d.id, c.id, 'EUR', net + tax, net + tax
  from paid cross join lateral (values (receipt_entry_id, 'bank', 'on_account'),
                                       (allocation_entry_id, 'on_account', 'receivable')) as side (id, debit, credit)
  join chart_account d on d.role = side.debit join chart_account c on c.role = side.credit and c.entity_id = d.entity_id
 where settles or side.debit = 'bank';
insert into open_item_movement (open_item_id, entry_id, amount, base_amount, booked_on)
select side.item, side.entry, side.amount, side.amount, paid_on
  from paid cross join lateral (values (money_id, receipt_entry_id, -(net + tax)), (money_id, allocation_entry_id, net + tax),
                                       (item_id, allocation_entry_id, -(net + tax))) as side (item, entry, amount)
 where settles or side.entry = receipt_entry_id;
insert into cash_allocation (source_id, target_id, amount, source_base, target_base, booked_on, entry_id, reason)
select money_id, item_id, net + tax, net + tax, net + tax, paid_on, allocation_entry_id, '' from paid where settles;
insert into number_counter (series_id, fiscal_year, last_number, last_issued_on)
select s.id, fiscal_year, max(sequence), max(issued_on) from numbered, number_series s where s.kind = 'invoice' group by 1, 2;
insert into number_counter (series_id, fiscal_year, last_number, last_issued_on)
select s.id, 2026, max(receipt_sequence), max(paid_on) from paid, number_series s where s.kind = 'receipt' group by 1;
insert into account_month (account_id, entity_id, month, billed, revenue, collected, settled, settled_days, late_days)
select account_id, e.id, month, sum(billed), sum(revenue), sum(collected), sum(settled), sum(settled_days), sum(late_days)
  from (select account_id, date_trunc('month', issued_on)::date as month, net + tax as billed, net as revenue, 0 as collected,
               0 as settled, 0 as settled_days, 0 as late_days from numbered
        union all
        select account_id, date_trunc('month', paid_on)::date, 0, 0, net + tax, case when settles then net + tax else 0 end,
               case when settles then (net + tax) * (paid_on - issued_on) else 0 end,
               case when settles then (net + tax) * greatest(paid_on - due_on, 0) else 0 end from paid) sums,
       legal_entity e where e.code = 'FIRM' group by 1, 2, 3;
insert into entity_month (entity_id, month, slot, billed, revenue, collected, settled, settled_days, late_days)
select entity_id, month, 0, sum(billed), sum(revenue), sum(collected), sum(settled), sum(settled_days), sum(late_days)
  from account_month group by 1, 2;
