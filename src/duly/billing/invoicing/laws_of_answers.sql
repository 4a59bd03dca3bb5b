-- What answers an earlier document: days that are taken back, and what was billed in advance and is taken off.

-- A correction takes back days that its cause bills and nobody took back before (law 5). The span they were billed by is
-- released, and what stays billed of it is a span of the line that corrects, of the same cause.
create function days_taken_back() returns trigger language plpgsql security definer as $$
declare
  wrong record;
begin
  if not exists (select from added where kind = 'correction') then
    return null;
  end if;
  perform demand_read_committed();
  perform from invoice_line where id = any(array(select cause_id from added where kind = 'correction'))
    order by id for no key update;
  select a.line_id, a.span_from, a.span_to into wrong from added a
   where a.kind = 'correction' and not exists (
     select from charge_span s where s.charge_id = a.charge_id and s.kind = 'regular' and not s.released
        and coalesce(s.cause_id, s.line_id) = a.cause_id
        and daterange(s.span_from, s.span_to) @> daterange(a.span_from, a.span_to)) limit 1;
  if found then
    raise exception 'Line % takes back days from % to % that its cause does not bill', wrong.line_id, wrong.span_from,
      wrong.span_to using errcode = 'DU005', hint = 'Someone else took them back meanwhile; run the bill run again.';
  end if;
  with answered as (
    select s.id, s.charge_id, s.span_from, s.span_to, s.billed_in, a.cause_id, min(a.line_id) as line_id,
           range_agg(daterange(a.span_from, a.span_to)) as taken
      from added a join charge_span s on s.charge_id = a.charge_id and s.kind = 'regular' and not s.released
       and coalesce(s.cause_id, s.line_id) = a.cause_id
       and daterange(s.span_from, s.span_to) && daterange(a.span_from, a.span_to)
     where a.kind = 'correction' group by s.id, a.cause_id
  ), released as (
    update charge_span s set released = true from answered where s.id = answered.id returning s.id
  ), stays as (
    select answered.*, unnest(datemultirange(daterange(span_from, span_to)) - taken) as days
      from answered join released using (id)
  )
  insert into charge_span (line_id, charge_id, kind, span_from, span_to, cause_id, billed_in)
  select line_id, charge_id, 'regular', lower(days), upper(days), cause_id, billed_in from stays;
  return null;
end $$;

create trigger charge_span_taken_back after insert on charge_span referencing new table as added
  for each statement execute function days_taken_back();

-- A draft that is thrown away takes nothing back: what its corrections released is billed as before. Where a later
-- correction stands, its days alone are free: the others are billed by the line of their cause again, which is then the
-- cause of its own span.
create function days_given_back() returns trigger language plpgsql security definer as $$
begin
  if not exists (select from removed where kind = 'correction') then
    return null;
  end if;
  update charge_span s set released = true
    from removed r where r.kind = 'correction' and s.charge_id = r.charge_id and s.line_id = r.cause_id
     and s.cause_id = r.cause_id and not s.released;  -- given back before: worked out anew below
  update charge_span s set released = false
   where s.kind = 'regular' and s.released and s.cause_id is distinct from s.line_id and exists (
     select from removed r where r.kind = 'correction' and r.charge_id = s.charge_id
        and r.cause_id = coalesce(s.cause_id, s.line_id)
        and daterange(r.span_from, r.span_to) && daterange(s.span_from, s.span_to))
     -- but not one that an earlier correction, which stands, has released
     and not exists (select from charge_span c where c.kind = 'correction' and c.charge_id = s.charge_id
        and c.cause_id = coalesce(s.cause_id, s.line_id)
        and daterange(c.span_from, c.span_to) && daterange(s.span_from, s.span_to));
  with answered as (
    select distinct charge_id, cause_id from removed where kind = 'correction'
  ), days as (
    select a.charge_id, a.cause_id, o.billed_in, unnest(range_agg(daterange(o.span_from, o.span_to))
             - coalesce((select range_agg(daterange(c.span_from, c.span_to)) from charge_span c
                          where c.charge_id = a.charge_id and c.cause_id = a.cause_id and not c.released
                            and c.kind in ('correction', 'regular')), '{}')) as free
      from answered a join charge_span o on o.charge_id = a.charge_id and o.line_id = a.cause_id and o.kind = 'regular'
       and o.cause_id is null and o.released
     group by 1, 2, 3
  )
  insert into charge_span (line_id, charge_id, kind, span_from, span_to, cause_id, billed_in)
  select cause_id, charge_id, 'regular', lower(free), upper(free), cause_id, billed_in from days;
  return null;
end $$;

create trigger charge_span_given_back after delete on charge_span referencing old table as removed
  for each statement execute function days_given_back();

-- What was billed in advance is taken off at most once: all of it less what was taken before (law 9). Parents are locked
-- in id order, then summed with a fresh snapshot.
create function netted_once() returns trigger language plpgsql security definer as $$
declare
  wrong record;
begin
  perform demand_read_committed();
  perform from invoice_line where id = any(array(select advance_id from added)) order by id for no key update;
  select l.id, l.amount, sum(n.amount) as netted into wrong
    from invoice_line l join invoice i on i.id = l.invoice_id
    join netting n on n.advance_id = l.id and not n.released
    left join invoice_line t on t.id = n.line_id left join invoice d on d.id = coalesce(t.invoice_id, n.invoice_id)
   where l.id in (select advance_id from added)
   group by l.id, i.id
  having i.state <> 'issued' or sum(n.amount) > l.amount
      or not bool_and(n.expired_on is not null
           or (d.account_id, d.currency, d.entity_id) = (i.account_id, i.currency, i.entity_id))
   limit 1;
  if found then
    raise exception 'Line % billed % in advance, of which % would be taken off; it is of the same parties'' issued document',
      wrong.id, wrong.amount, wrong.netted using errcode = 'DU009',
      hint = 'Someone else took it off meanwhile; run the bill run again.';
  end if;
  -- What was sold without tax pays documents after their tax; all else is taken off by lines, before it.
  select a.advance_id into wrong from added a join invoice_line l on l.id = a.advance_id
    join charge_terms t on t.id = l.terms_id
   where a.expired_on is null and (a.invoice_id is not null) <> t.untaxed limit 1;
  if found then
    raise exception 'Line % is taken off before tax only where it was sold with tax', wrong.advance_id using errcode = 'DU009';
  end if;
  select l.id, l.amount, sum(n.amount) as netted into wrong
    from invoice_line l join netting n on n.line_id = l.id and not n.released
   where l.id in (select line_id from added) group by l.id having sum(n.amount) <> -l.amount limit 1;
  if found then
    raise exception 'Line % takes off %, not the % that it nets', wrong.id, -wrong.amount, wrong.netted
      using errcode = 'DU009';
  end if;
  return null;
end $$;

create trigger netting_once after insert on netting referencing new table as added
  for each statement execute function netted_once();

create function netting_content() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform guard_content(array(select distinct coalesce(l.invoice_id, a.invoice_id)
      from added a left join invoice_line l on l.id = a.line_id where a.expired_on is null));
  else
    perform guard_content(array(select distinct coalesce(l.invoice_id, r.invoice_id)
      from removed r left join invoice_line l on l.id = r.line_id where r.expired_on is null));
  end if;
  return null;
end $$;

create trigger netting_added after insert on netting referencing new table as added
  for each statement execute function netting_content();
create trigger netting_removed after delete on netting referencing old table as removed
  for each statement execute function netting_content();
create trigger netting_kept before truncate on netting for each statement execute function refuse_change();
create trigger netting_only_released before update on netting for each row execute function only_released();

-- Credit that expired stays so.
create function expiry_stays() returns trigger language plpgsql as $$
begin
  raise exception 'Credit that expired stays so' using errcode = 'DU003';
end $$;

create trigger netting_expiry_stays before delete on netting for each row
  when (old.expired_on is not null) execute function expiry_stays();
