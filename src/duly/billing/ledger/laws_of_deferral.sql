-- Deferred revenue: what documents billed in advance of its days, and what of it was earned and became revenue. That each
-- entry books on the account of deferred revenue what it defers and releases is looked at when it commits (postings_tie).

-- What is earned of an amount that is spread over the days of a period, at the end of a day: one quotient, rounded once.
create function earned(amount numeric, period_from date, period_to date, until date, exponent integer) returns numeric
language sql immutable parallel safe as $$
  select round((amount * greatest(least(until - period_from + 1, period_to - period_from), 0))::numeric(38,12)
               / (period_to - period_from), exponent)
$$;

create function deferral_of_its_entry() returns trigger language plpgsql security definer as $$
declare
  wrong record;
begin
  select o.label into wrong
    from added d join entry e on e.id = d.entry_id join open_item o on o.id = d.open_item_id
    join legal_entity f on f.id = d.entity_id
   where e.recorded_at <> now() or e.entity_id <> d.entity_id or o.entity_id <> d.entity_id
      or e.booked_on <> o.booked_on or o.currency <> d.currency
      or not case when d.currency = f.base_currency then d.base_amount = d.amount
                  else is_minor_units(d.base_amount, f.base_currency) end
   limit 1;
  if found then
    raise exception 'Revenue of % is deferred by the entry that opens it, in its currency', wrong.label
      using errcode = 'DU010';
  end if;
  insert into posting_to_check (entries) select array_agg(distinct entry_id) from added having count(*) > 0;
  return null;
end $$;

create trigger deferral_of_its_entry after insert on deferral referencing new table as added
  for each statement execute function deferral_of_its_entry();

create trigger deferral_fixed before update on deferral for each row
  when ((old.id, old.entity_id, old.open_item_id, old.entry_id, old.position, old.period_from, old.period_to,
         old.currency, old.amount, old.base_amount) is distinct from
        (new.id, new.entity_id, new.open_item_id, new.entry_id, new.position, new.period_from, new.period_to,
         new.currency, new.amount, new.base_amount))
  execute function refuse_this_change('all but what is released');
create trigger deferral_kept before delete or truncate on deferral
  for each statement execute function refuse_change();

-- What is released of a deferral is the sum of its releases, written here and nowhere else. Rows are locked in id order,
-- so that two releases at once wait for each other and the checks decide: never more than was deferred, and on no day
-- more than was earned until then.
create function release_deferral() returns trigger language plpgsql security definer as $$
declare
  wrong record;
begin
  perform lock_deferrals(array(select deferral_id from added));
  select r.deferral_id as id into wrong
    from added r join entry e on e.id = r.entry_id join deferral d on d.id = r.deferral_id
    join legal_entity f on f.id = d.entity_id
   where e.recorded_at <> now() or e.kind <> 'revenue_release' or e.booked_on <> r.booked_on
      or e.entity_id <> d.entity_id or r.amount = 0 or not is_minor_units(r.amount, d.currency)
      or not case when d.currency = f.base_currency then r.base_amount = r.amount
                  else is_minor_units(r.base_amount, f.base_currency) end
   limit 1;
  if found then
    raise exception 'A release of deferral % belongs to an entry of its own transaction, date and entity', wrong.id
      using errcode = 'DU010';
  end if;
  update deferral d set released = d.released + part.amount, released_base = d.released_base + part.base_amount
    from (select deferral_id, sum(amount) as amount, sum(base_amount) as base_amount from added group by 1) part
   where d.id = part.deferral_id;
  select d.id, sum(p.amount) as released, r.booked_on into wrong
    from added r join deferral d on d.id = r.deferral_id
    join revenue_release p on p.deferral_id = r.deferral_id and p.booked_on <= r.booked_on
   group by d.id, r.id, r.booked_on
  having abs(sum(p.amount)) > abs(earned(d.amount, d.period_from, d.period_to, r.booked_on,
                                         currency_exponent(d.currency)))
   limit 1;
  if found then
    raise exception 'Deferral % would be released by % until %, more than is earned then', wrong.id, wrong.released,
      wrong.booked_on using errcode = 'DU010';
  end if;
  insert into posting_to_check (entries) select array_agg(distinct entry_id) from added having count(*) > 0;
  return null;
end $$;

create trigger release_deferral after insert on revenue_release referencing new table as added
  for each statement execute function release_deferral();

-- Whoever releases first locks what may be released, in id order, and reads it afterwards; the application's role may
-- not change a deferral and therefore cannot lock one itself.
create function lock_deferrals(deferrals bigint[]) returns void language plpgsql security definer as $$
begin
  perform 1 from deferral where id = any(deferrals) order by id for no key update;
end $$;
