-- The content that a review approves: lines with their evidence, tax, parties, terms. Numbers, issue dates and exchange rates are not
-- part of it, because issue fills only those (law 6).
create function draft_digest(draft bigint) returns text language sql stable as $$
  select encode(sha256(convert_to(concat_ws(E'\x1e',
      i.kind, i.entity_id, i.account_id, i.review, i.currency, i.language, i.purchase_order, i.payment_days,
      i.time_annex, i.service_from, i.service_to, i.tax_point, i.net, i.tax, i.total, seller.digest, buyer.digest,
      (select string_agg(concat_ws(E'\x1f', l.position, l.agreement_id, l.charge_id, l.terms_id, l.kind, l.description,
          l.unit, l.quantity, l.unit_price, l.numerator, l.denominator, l.amount, l.tax_class, l.tax_category,
          l.tax_rate, l.tax, l.service_from, l.service_to, l.explanation), E'\x1e' order by l.position)
         from invoice_line l where l.invoice_id = i.id),
      (select string_agg(concat_ws(E'\x1f', l.position, a.work_item_id, a.quantity, a.billed_quantity, a.amount),
          E'\x1e' order by l.position, a.work_item_id, a.quantity)
         from work_allocation a join invoice_line l on l.id = a.line_id where l.invoice_id = i.id),
      (select string_agg(concat_ws(E'\x1f', l.position, s.charge_id, s.kind, s.span_from, s.span_to),
          E'\x1e' order by l.position, s.charge_id, s.span_from)
         from charge_span s join invoice_line l on l.id = s.line_id where l.invoice_id = i.id),
      (select string_agg(concat_ws(E'\x1f', t.category, t.rate, t.base, t.tax, t.reason), E'\x1e'
          order by t.category, t.rate)
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
       old.service_from, old.service_to, old.tax_point, old.net, old.tax, old.total)
     is not distinct from (new.currency, new.language, new.purchase_order, new.payment_days, new.time_annex,
       new.service_from, new.service_to, new.tax_point, new.net, new.tax, new.total) then
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
  when ((old.currency, old.language, old.purchase_order, old.payment_days, old.time_annex, old.service_from,
         old.service_to, old.tax_point, old.seller_id, old.buyer_id, old.net, old.tax, old.total)
        is distinct from
        (new.currency, new.language, new.purchase_order, new.payment_days, new.time_annex, new.service_from,
         new.service_to, new.tax_point, new.seller_id, new.buyer_id, new.net, new.tax, new.total))
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
    perform guard_content((select array_agg(distinct l.invoice_id)
      from added a join invoice_line l on l.id = a.line_id));
  else
    perform guard_content((select array_agg(distinct l.invoice_id)
      from removed r join invoice_line l on l.id = r.line_id));
  end if;
  return null;
end $$;

do $$
declare
  content record;
begin
  for content in
    select * from (values ('invoice_line', 'line_content'), ('tax_line', 'line_content'),
                          ('work_allocation', 'evidence_content'), ('charge_span', 'evidence_content'))
      as t (name, rule)
  loop
    execute format('create trigger %I after insert on %I referencing new table as added
      for each statement execute function %I()', content.name || '_added', content.name, content.rule);
    execute format('create trigger %I after delete on %I referencing old table as removed
      for each statement execute function %I()', content.name || '_removed', content.name, content.rule);
    execute format('create trigger %I before truncate on %I
      for each statement execute function refuse_change()', content.name || '_kept', content.name);
  end loop;
end $$;

create trigger invoice_line_changed after update on invoice_line referencing new table as added old table as removed
  for each statement execute function line_content();
create trigger tax_line_changed after update on tax_line referencing new table as added old table as removed
  for each statement execute function line_content();

-- Evidence changes in one way only: a correction releases it (no right to do so is granted before credit notes are).
create function only_released() returns trigger language plpgsql as $$
begin
  if to_jsonb(new) - 'released' is distinct from to_jsonb(old) - 'released' or not new.released then
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
  perform 1 from work_item where id in (select work_item_id from added) order by id for no key update;
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
  where (kind = 'regular' and not released);

-- A review step and a decision are for the content as it stands, by someone who did not write it (law 6).
create function step_for_content() returns trigger language plpgsql as $$
begin
  if new.digest is distinct from draft_digest(new.invoice_id) then
    raise exception 'Draft % changed while it was submitted', new.invoice_id using errcode = 'DU006';
  end if;
  return new;
end $$;

create trigger review_step_for_content before insert on review_step
  for each row execute function step_for_content();

-- The moment of an edit or a decision is taken while the draft is locked, so that a transaction begun early cannot
-- make an edit look older than the approval before it.
create function recorded_now() returns trigger language plpgsql as $$
begin
  new.recorded_at := clock_timestamp();
  return new;
end $$;

create trigger draft_edit_dated before insert on draft_edit for each row execute function recorded_now();

-- Whoever launched a run is an author of all its drafts, also of those that a colleague's resume drafted.
create function launcher(part bigint) returns text language sql stable as $$
  select u.login from bill_run_partition p join bill_run r on r.id = p.run_id join app_user u on u.id = r.launched_by_id
   where p.id = part
$$;

create function decision_by_another() returns trigger language plpgsql as $$
declare
  draft record;
  asked record;
  last_approval timestamptz;
begin
  perform demand_read_committed();
  select * into draft from invoice where id = new.invoice_id for no key update;
  new.recorded_at := clock_timestamp();
  select * into asked from review_step where id = new.review_step_id;
  if asked.invoice_id <> new.invoice_id
     or draft.state <> (case asked.step when 'peer' then 'in_review' else 'client_check' end)
     or new.digest <> asked.digest or new.digest is distinct from draft_digest(new.invoice_id) then
    raise exception 'Draft % changed since it was submitted, or does not wait for this step', new.invoice_id
      using errcode = 'DU006', hint = 'Look at the draft again.';
  end if;
  if new.decided_by is distinct from acting()
     or not exists (select from app_user where login = new.decided_by and is_active) then
    raise exception 'A decision is taken in one''s own name' using errcode = 'DU006';
  end if;
  if new.verdict = 'returned' then
    return new;
  end if;
  select max(recorded_at) into last_approval from decision
   where invoice_id = new.invoice_id and verdict = 'approved' and digest <> new.digest;
  if (last_approval is null and (draft.created_by in (new.decided_by, new.on_behalf_of)
        or launcher(draft.run_partition_id) in (new.decided_by, new.on_behalf_of)))
     or exists (select from draft_edit e where e.invoice_id = new.invoice_id
                and e.editor in (new.decided_by, new.on_behalf_of)
                and (last_approval is null or e.recorded_at > last_approval)) then
    raise exception 'Whoever made, launched or edited draft % cannot approve it', new.invoice_id using errcode = 'DU006',
      hint = 'Ask a colleague to review it.';
  end if;
  return new;
end $$;

create trigger decision_by_another before insert on decision for each row execute function decision_by_another();

-- Issue: sums (law 9), numbers without gaps in date order (law 4), live approvals (law 6), no open finding.
create function issue_obeys() returns trigger language plpgsql as $$
declare
  wrong record;
begin
  if not exists (select from after_issue where state = 'issued') then
    return null;
  end if;
  perform demand_read_committed();
  perform check_issued_sums(array(select id from after_issue where state = 'issued'));
  perform check_issued_numbers(array(select id from after_issue where state = 'issued'));
  perform check_issued_reviews(array(select id from after_issue where state = 'issued'));
  perform check_issued_spans(array(select id from after_issue where state = 'issued'));
  select f.invoice_id, f.check_name into wrong from finding f
   where f.invoice_id in (select id from after_issue where state = 'issued') and f.severity = 'blocks'
     and not exists (select from waiver w where (w.invoice_id, w.check_name, w.path, w.text)
                     = (f.invoice_id, f.check_name, f.path, f.text)) limit 1;
  if found then
    raise exception 'Draft % is blocked by the check %', wrong.invoice_id, wrong.check_name using errcode = 'DU006';
  end if;
  return null;
end $$;

create function check_issued_sums(issued bigint[]) returns void language plpgsql as $$
declare
  wrong record;
begin
  with document as (
    select i.*, currency_exponent(i.currency) as exponent from invoice i where i.id = any(issued)
  ), grouped as (
    select l.invoice_id, l.tax_category, l.tax_rate, sum(l.amount) as net, sum(l.tax) as tax,
           bool_and(l.amount = round(l.amount, d.exponent) and l.tax = round(l.tax, d.exponent)) as whole
      from invoice_line l join document d on d.id = l.invoice_id group by 1, 2, 3
  ), summed as (
    select coalesce(g.invoice_id, t.invoice_id) as invoice_id, sum(g.net) as net, sum(g.tax) as tax,
           bool_and(g.whole and coalesce(g.net = t.base and g.tax = t.tax, false)) as ties
      from grouped g full join (select * from tax_line where invoice_id = any(issued)) t
        on (t.invoice_id, t.category, t.rate) = (g.invoice_id, g.tax_category, g.tax_rate)
     group by 1
  )
  select d.id into wrong from document d left join summed s on s.invoice_id = d.id
    left join open_item o on o.id = d.open_item_id
   where not coalesce(s.ties and s.net = d.net and s.tax = d.tax, false)
      or case when d.kind = 'proforma' then d.open_item_id is not null else not coalesce(
           o.control = 'receivable' and o.amount = d.total and o.balance = d.total and o.currency = d.currency
           and o.account_id = d.account_id and o.entity_id = d.entity_id and o.booked_on = d.booked_on
           and o.due_on = d.due_on, false) end
   limit 1;
  if found then
    raise exception 'The lines, taxes and posted open item of draft % do not add up to its totals', wrong.id
      using errcode = 'DU009';
  end if;
end $$;

create function check_issued_numbers(issued bigint[]) returns void language plpgsql as $$
declare
  wrong record;
begin
  -- Each number stands beside the one before it: of the same statement, or, for the first, of those issued before.
  with taken as (
    select i.series_id, i.fiscal_year, i.sequence, i.issued_on,
           lag(i.sequence) over w as sequence_before, lag(i.issued_on) over w as issued_before
      from invoice i where i.id = any(issued) window w as (partition by i.series_id, i.fiscal_year order by i.sequence)
  )
  select t.* into wrong from taken t
   where (t.sequence_before is not null and (t.sequence_before <> t.sequence - 1 or t.issued_on < t.issued_before))
      or (t.sequence_before is null and t.sequence > 1 and not exists (
            select from invoice p where p.series_id = t.series_id and p.fiscal_year = t.fiscal_year
               and p.sequence = t.sequence - 1 and p.issued_on <= t.issued_on))
   limit 1;
  if not found then
    select i.series_id, i.fiscal_year, i.sequence, i.issued_on into wrong from invoice i
      join number_series s on s.id = i.series_id join legal_entity e on e.id = i.entity_id
      left join number_counter c on c.series_id = i.series_id and c.fiscal_year = i.fiscal_year
     where i.id = any(issued)
       and not coalesce(i.sequence between 1 and c.last_number and i.issued_on <= c.last_issued_on
             and s.entity_id = i.entity_id and s.kind = i.kind
             and i.fiscal_year = fiscal_year(i.issued_on, e.fiscal_year_start)
             and i.number = document_number(s.pattern, i.fiscal_year, i.sequence), false)
     limit 1;
  end if;
  if found then
    raise exception 'Number % of series % in % leaves a gap, goes back in date (%) or is not printed as its series says',
      wrong.sequence, wrong.series_id, wrong.fiscal_year, wrong.issued_on using errcode = 'DU004';
  end if;
  select i.id, e.code, e.lock_date into wrong from invoice i join legal_entity e on e.id = i.entity_id
   where i.id = any(issued) and i.booked_on <= e.lock_date limit 1;
  if found then
    raise exception 'Entity % is closed until %; draft % cannot be booked before', wrong.code, wrong.lock_date, wrong.id
      using errcode = 'DU014';
  end if;
end $$;

-- An approval is live for the content it saw, until someone returns that content.
create function approved_live(draft bigint, wanted text, content text) returns boolean language sql stable as $$
  select exists (
    select from decision d join review_step s on s.id = d.review_step_id
     where d.invoice_id = draft and s.step = wanted and d.verdict = 'approved' and d.digest = content
       and not exists (select from decision r where r.invoice_id = draft and r.verdict = 'returned'
                       and r.digest = content and r.recorded_at > d.recorded_at))
$$;

create function check_issued_reviews(issued bigint[]) returns void language plpgsql as $$
declare
  wrong record;
begin
  select r.id, 'was not reviewed as its agreement demands' as text into wrong
    from (select i.id, i.review, draft_digest(i.id) as content from invoice i
           where i.id = any(issued) and i.review <> 'none' offset 0) r
   where not approved_live(r.id, 'peer', r.content)
      or (r.review = 'peer_and_client' and not approved_live(r.id, 'client', r.content))
   limit 1;
  if not found then
    select i.id, 'has a weaker review than its agreement demands, or lines of other parties'' terms' as text into wrong
      from (select distinct l.invoice_id, l.agreement_id, l.charge_id, l.terms_id from invoice_line l
             where l.invoice_id = any(issued)) demanded
      join invoice i on i.id = demanded.invoice_id
      join agreement a on a.id = demanded.agreement_id
      join account customer on customer.id = a.account_id
      join charge_terms t on t.id = demanded.terms_id
      join agreement_version v on v.id = t.version_id
     where v.agreement_id <> a.id or t.charge_id <> demanded.charge_id or a.entity_id <> i.entity_id
        or a.currency <> i.currency or i.account_id not in (customer.id, coalesce(customer.bill_to_id, customer.id))
        or array_position(array['none', 'peer', 'peer_and_client'], v.review::text)
         > array_position(array['none', 'peer', 'peer_and_client'], i.review::text)
     limit 1;
  end if;
  if found then
    raise exception 'Draft % %', wrong.id, wrong.text using errcode = 'DU006',
      hint = 'Submit it and let a second person approve it.';
  end if;
end $$;

-- A span is what keeps a recurring or one-off charge from being billed twice: its line has one (law 5).
create function check_issued_spans(issued bigint[]) returns void language plpgsql as $$
declare
  wrong record;
begin
  select l.invoice_id, l.position into wrong from invoice_line l
   where l.invoice_id = any(issued) and l.kind in ('recurring', 'one_off')
     and not exists (select from charge_span s where s.line_id = l.id and s.charge_id = l.charge_id)
   limit 1;
  if found then
    raise exception 'Line % of draft % does not say which days of its charge it bills', wrong.position, wrong.invoice_id
      using errcode = 'DU005';
  end if;
end $$;

create trigger issue_obeys after update on invoice referencing new table as after_issue
  for each statement execute function issue_obeys();

-- A run's scope, dates and cut-off are frozen when it is launched, and so are the accounts of its partitions.
create trigger bill_run_fixed before update on bill_run for each row
  when (to_jsonb(old) - 'state' is distinct from to_jsonb(new) - 'state')
  execute function refuse_this_change('all but the state');
create trigger bill_run_partition_fixed before update on bill_run_partition for each row
  when ((old.id, old.run_id, old.ordinal, old.accounts) is distinct from (new.id, new.run_id, new.ordinal, new.accounts))
  execute function refuse_this_change('the accounts');

-- A finding is set aside in one's own name.
create function waived_by_actor() returns trigger language plpgsql as $$
begin
  if not exists (select from app_user where id = new.waived_by_id and login = acting() and is_active) then
    raise exception 'A finding is waived in one''s own name' using errcode = 'DU006';
  end if;
  return new;
end $$;

create trigger waiver_by_actor before insert on waiver for each row execute function waived_by_actor();
