-- What rounds an amount to the nearest multiple of a step, half away from zero, by whole numbers of steps.
create function rounding_to(payable numeric, step numeric) returns numeric language sql immutable as $$
  select sign(payable) * div(2 * abs(payable) + step, 2 * step) * step - payable
$$;

-- The content that a review approves: lines with their evidence, tax, parties, terms. Numbers, issue dates and exchange rates are not
-- part of it, because issue fills only those (law 6).
create function draft_digest(draft bigint) returns text language sql stable as $$
  select encode(sha256(convert_to(concat_ws(E'\x1e',
      i.kind, i.entity_id, i.account_id, i.review, i.currency, i.language, i.purchase_order, i.payment_days,
      i.time_annex, i.prices_include_tax, i.service_from, i.service_to, i.tax_point, i.net, i.tax, i.total, i.withheld,
      'prepaid ' || nullif(i.prepaid, 0), 'rounding ' || nullif(i.rounding, 0),
      seller.digest, buyer.digest,
      (select string_agg(concat_ws(E'\x1f', l.position, l.agreement_id, l.charge_id, l.terms_id, l.kind, l.description,
          l.unit, l.quantity, l.unit_price, l.numerator, l.denominator, l.amount, l.tax_class, l.tax_category,
          l.tax_rate, l.tax, l.service_from, l.service_to, l.explanation, 'gross ' || l.gross, l.supply,
          'fixed ' || l.fixed_category, l.fixed_rate, 'override ' || l.override_category, l.override_reason),
          E'\x1e' order by l.position)
         from invoice_line l where l.invoice_id = i.id),
      (select string_agg(concat_ws(E'\x1f', l.position, t.name, t.category, t.rate, t.base, t.tax), E'\x1e'
          order by l.position, t.name)
         from line_tax t join invoice_line l on l.id = t.line_id where l.invoice_id = i.id),
      (select string_agg(concat_ws(E'\x1f', w.name, w.rate, w.base, w.amount), E'\x1e' order by w.name)
         from withheld_tax w where w.invoice_id = i.id),
      (select 'paid ' || string_agg(concat_ws(E'\x1f', n.advance_id, n.amount), E'\x1e' order by n.advance_id)
         from netting n where n.invoice_id = i.id),
      (select string_agg(concat_ws(E'\x1f', l.position, a.work_item_id, a.quantity, a.billed_quantity, a.amount),
          E'\x1e' order by l.position, a.work_item_id, a.quantity)
         from work_allocation a join invoice_line l on l.id = a.line_id where l.invoice_id = i.id),
      (select string_agg(concat_ws(E'\x1f', l.position, s.charge_id, s.kind, s.span_from, s.span_to),
          E'\x1e' order by l.position, s.charge_id, s.span_from)
         from charge_span s join invoice_line l on l.id = s.line_id and l.id is distinct from s.cause_id
        where l.invoice_id = i.id),
      (select string_agg(concat_ws(E'\x1f', t.position, t.name, t.category, t.rate, t.base, t.tax, t.reason), E'\x1e'
          order by t.category, t.rate, t.name)
         from tax_line t where t.invoice_id = i.id)), 'UTF8')), 'hex')
    from invoice i join party_copy seller on seller.id = i.seller_id join party_copy buyer on buyer.id = i.buyer_id
   where i.id = draft
$$;

-- A document is born as a draft and moves along the lifecycle; once issued or discarded it never changes (law 3).
create function invoice_born_as_draft() returns trigger language plpgsql as $$
begin
  raise exception 'A document is born as a draft, not %', new.state using errcode = 'DU003';
end $$;

create trigger invoice_born_as_draft before insert on invoice for each row
  when (new.state <> 'draft') execute function invoice_born_as_draft();

create function invoice_moves() returns trigger language plpgsql as $$
begin
  if old.state in ('issued', 'discarded') then
    raise exception 'Invoice % is % and never changes', coalesce(old.number, old.id::text), old.state
      using errcode = 'DU003', hint = 'Correct an issued document by a credit note.';
  end if;
  if new.state <> old.state and not is_invoice_move(old.state, new.state) then
    raise exception 'Draft % cannot go from % to %', old.id, old.state, new.state using errcode = 'DU006';
  end if;
  if (new.kind, new.entity_id, new.account_id, new.created_by, new.review)
     is distinct from (old.kind, old.entity_id, old.account_id, old.created_by, old.review) then
    raise exception 'Kind, parties, author and review policy of draft % are fixed', old.id using errcode = 'DU006';
  end if;
  return new;
end $$;

create trigger invoice_moves before update on invoice for each row execute function invoice_moves();
-- The head of a draft is content like its lines: it changes in the state draft, in the name of someone, who is then
-- one of its editors (law 6). Issue fills number, dates and exchange rate, and takes the parties' copies (law 3).
create function head_content() returns trigger language plpgsql as $$
begin
  if new.state = 'issued' and (old.currency, old.language, old.purchase_order, old.payment_days, old.time_annex,
       old.prices_include_tax, old.service_from, old.service_to, old.tax_point, old.net, old.tax, old.total, old.withheld,
       old.prepaid, old.rounding)
     is not distinct from (new.currency, new.language, new.purchase_order, new.payment_days, new.time_annex,
       new.prices_include_tax, new.service_from, new.service_to, new.tax_point, new.net, new.tax, new.total,
       new.withheld, new.prepaid, new.rounding) then
    return null;
  end if;
  if old.state <> 'draft' or new.state <> 'draft' then
    raise exception 'The content of draft % changes in the state draft only', old.id using errcode = 'DU006',
      hint = 'Take it back to draft; it needs its review again.';
  end if;
  perform guard_content(array[new.id]);
  return null;
end $$;

create trigger invoice_head_changed after update on invoice for each row
  when ((old.currency, old.language, old.purchase_order, old.payment_days, old.time_annex, old.prices_include_tax,
         old.service_from, old.service_to, old.tax_point, old.seller_id, old.buyer_id, old.net, old.tax, old.total,
         old.withheld, old.prepaid, old.rounding)
        is distinct from
        (new.currency, new.language, new.purchase_order, new.payment_days, new.time_annex, new.prices_include_tax,
         new.service_from, new.service_to, new.tax_point, new.seller_id, new.buyer_id, new.net, new.tax, new.total,
         new.withheld, new.prepaid, new.rounding))
  execute function head_content();

create trigger invoice_kept before delete or truncate on invoice for each statement execute function refuse_change();

-- What a draft's content may not do: change under an issued document (law 3), or change unseen (law 6). The share
-- lock makes an edit and an issue of the same draft wait for each other.
create function guard_content(invoices bigint[]) returns void language plpgsql security definer as $$
declare
  fixed record;
begin
  perform demand_read_committed();
  perform 1 from invoice where id = any(invoices) order by id for share;
  select id, state into fixed from invoice where id = any(invoices) and state <> 'draft' limit 1;
  if found and fixed.state in ('issued', 'discarded') then
    raise exception 'Document % is %; its content never changes', fixed.id, fixed.state using errcode = 'DU003',
      hint = 'Correct an issued document by a credit note.';
  elsif found then
    raise exception 'The content of draft % changes in the state draft only, not %', fixed.id, fixed.state
      using errcode = 'DU006', hint = 'Take it back to draft; it needs its review again.';
  end if;
  if acting() is null then
    raise exception 'A draft''s content changes only in the name of someone' using errcode = 'DU006';
  end if;
  insert into draft_edit (invoice_id, editor)
    select i.id, acting() from invoice i
     where i.id = any(invoices)
       and (i.created_by <> acting() or exists (select from decision d where d.invoice_id = i.id));
end $$;

create function line_content() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform guard_content((select array_agg(distinct invoice_id) from added));
  elsif tg_op = 'UPDATE' then
    perform guard_content((select array_agg(distinct invoice_id)
      from (select invoice_id from added union select invoice_id from removed) touched));
  else
    perform guard_content((select array_agg(distinct invoice_id) from removed));
  end if;
  return null;
end $$;

create function evidence_content() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform guard_content(array(select distinct invoice_id from invoice_line
      where id = any(array(select line_id from added))));
  else
    perform guard_content(array(select distinct invoice_id from invoice_line
      where id = any(array(select line_id from removed))));
  end if;
  return null;
end $$;

-- Days that the law gives back to the line that billed them are no edit of it: it alone names a line as the cause of its
-- own span, as the owner of the table.
create function span_content() returns trigger language plpgsql as $$
declare
  by_law boolean := (select pg_get_userbyid(relowner) = current_user from pg_class where oid = tg_relid);
begin
  perform guard_content(array(select distinct invoice_id from invoice_line
    where id = any(array(select line_id from added where cause_id is distinct from line_id or not by_law))));
  return null;
end $$;

do $$
declare
  content record;
begin
  for content in
    select * from (values ('invoice_line', 'line_content', 'line_content'), ('tax_line', 'line_content', 'line_content'),
                          ('withheld_tax', 'line_content', 'line_content'),
                          ('line_tax', 'evidence_content', 'evidence_content'),
                          ('work_allocation', 'evidence_content', 'evidence_content'),
                          ('charge_span', 'span_content', 'evidence_content')) as t (name, added, removed)
  loop
    execute format('create trigger %I after insert on %I referencing new table as added
      for each statement execute function %I()', content.name || '_added', content.name, content.added);
    execute format('create trigger %I after delete on %I referencing old table as removed
      for each statement execute function %I()', content.name || '_removed', content.name, content.removed);
    execute format('create trigger %I before truncate on %I
      for each statement execute function refuse_change()', content.name || '_kept', content.name);
  end loop;
end $$;

create trigger invoice_line_changed after update on invoice_line referencing new table as added old table as removed
  for each statement execute function line_content();
create trigger tax_line_changed after update on tax_line referencing new table as added old table as removed
  for each statement execute function line_content();

-- Evidence changes in one way only: a correction releases it, which only another law may take back.
create function only_released() returns trigger language plpgsql as $$
begin
  if to_jsonb(new) - 'released' is distinct from to_jsonb(old) - 'released'
     or (not new.released and pg_trigger_depth() < 2) then
    raise exception '% rows change only by being released', tg_table_name using errcode = 'DU003';
  end if;
  return new;
end $$;

create trigger work_allocation_only_released before update on work_allocation
  for each row execute function only_released();
create trigger charge_span_only_released before update on charge_span
  for each row execute function only_released();

-- Work is never billed twice (law 5). Parents are locked in id order, then summed with a fresh snapshot.
create function work_billed_once() returns trigger language plpgsql as $$
declare
  excess record;
begin
  perform demand_read_committed();
  perform 1 from work_item where id = any(array(select work_item_id from added)) order by id for no key update;
  -- Nearly always each item is billed whole by its only allocation; then one look at each is enough.
  perform from added a join work_item w on w.id = a.work_item_id join invoice_line l on l.id = a.line_id
    where l.agreement_id <> w.agreement_id or w.approved_by_id is null or not w.billable or a.quantity > w.quantity
       or exists (select from work_allocation o where o.work_item_id = a.work_item_id and o.id <> a.id and not o.released)
    limit 1;
  if not found then
    return null;
  end if;
  select a.work_item_id as id into excess from added a join work_item w on w.id = a.work_item_id
    join invoice_line l on l.id = a.line_id where l.agreement_id <> w.agreement_id limit 1;
  if found then
    raise exception 'Work item % belongs to another agreement than its line', excess.id using errcode = 'DU005';
  end if;
  select w.id, w.quantity, sum(a.quantity) as billed, bool_and(w.approved_by_id is not null and w.billable) as fit
    into excess
    from work_item w join work_allocation a on a.work_item_id = w.id and not a.released
   where w.id in (select work_item_id from added)
   group by w.id
  having sum(a.quantity) > w.quantity or not bool_and(w.approved_by_id is not null and w.billable)
   limit 1;
  if found then
    if not excess.fit then
      raise exception 'Work item % is not approved or not billable', excess.id using errcode = 'DU005';
    end if;
    raise exception 'Work item % would be billed % of %', excess.id, excess.billed, excess.quantity
      using errcode = 'DU005', hint = 'Someone else billed it meanwhile; run the bill run again.';
  end if;
  return null;
end $$;

create trigger work_billed_once after insert on work_allocation referencing new table as added
  for each statement execute function work_billed_once();

-- A charge is never billed twice for a day: the range of one id stands in for equality, which needs no extension.
alter table charge_span add constraint charge_span_once exclude using gist
  (int8range(charge_id, charge_id, '[]') with &&, daterange(span_from, span_to) with &&)
  where (kind in ('regular', 'true_up') and not released);
