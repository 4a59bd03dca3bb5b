-- A booking on or before the entity's lock date is refused (law 14). The share lock makes a change of the
-- lock date wait for bookings under way, and the other way round.
create function entry_after_lock_date() returns trigger language plpgsql security definer as $$
declare
  closed record;
begin
  perform 1 from legal_entity where id in (select entity_id from added) order by id for share;
  select e.code, e.lock_date, min(a.booked_on) as booked_on into closed
    from added a join legal_entity e on e.id = a.entity_id
   where a.booked_on <= e.lock_date group by e.code, e.lock_date limit 1;
  if found then
    raise exception 'Entity % is closed until %; a booking on % is refused',
      closed.code, closed.lock_date, closed.booked_on using errcode = 'DU014';
  end if;
  insert into posting_to_check (entries) select array_agg(id) from added having count(*) > 0;
  return null;
end $$;

create trigger entry_after_lock_date after insert on entry referencing new table as added
  for each statement execute function entry_after_lock_date();

-- Transfers belong to their entry: written in its transaction, between accounts of its entity (law 2); the base
-- amount is whole in the base currency and, in that currency, the amount itself (law 1). An exchange difference is of
-- the base currency only: an entry of its own kind, whose transfers move no amount.
create function transfer_of_its_entry() returns trigger language plpgsql security definer as $$
declare
  wrong record;
begin
  select * into wrong from (
    select e.recorded_at <> now() or d.entity_id <> e.entity_id or c.entity_id <> e.entity_id as foreign_entry,
           (e.kind = 'exchange_difference') <> (t.amount = 0)
             or (e.kind = 'exchange_difference') <> ('exchange_difference' in (d.role, c.role)) as mixed,
           not case when t.currency = f.base_currency then t.base_amount = t.amount
                    else is_minor_units(t.base_amount, f.base_currency) end as inexact,
           t.amount, t.currency, t.base_amount, f.base_currency
      from added t join entry e on e.id = t.entry_id join legal_entity f on f.id = e.entity_id
      join chart_account d on d.id = t.debit_id join chart_account c on c.id = t.credit_id
  ) posted
   where foreign_entry or mixed or inexact limit 1;
  if found and wrong.foreign_entry then
    raise exception 'A transfer is posted with its entry, between accounts of the entry''s entity'
      using errcode = 'DU002', hint = 'Post a new entry that answers the old one.';
  elsif found and wrong.mixed then
    raise exception 'An exchange difference is an entry of its own, and moves a base amount only'
      using errcode = 'DU002';
  elsif found then
    raise exception '% % is not % % in the entity''s base currency', wrong.amount, wrong.currency,
      wrong.base_amount, wrong.base_currency using errcode = 'DU001';
  end if;
  insert into posting_to_check (entries) select array_agg(distinct entry_id) from added having count(*) > 0;
  return null;
end $$;

create trigger transfer_of_its_entry after insert on transfer referencing new table as added
  for each statement execute function transfer_of_its_entry();

-- The balance of an open item is the sum of its movements, written here and nowhere else (law 10), in its own currency
-- and in the base currency; an exchange difference moves the latter alone. Rows are
-- locked in id order, so that two allocations at once wait for each other and the check on the balance decides.
create function move_open_item() returns trigger language plpgsql security definer as $$
declare
  wrong record;
begin
  select o.label into wrong
    from added m join entry e on e.id = m.entry_id join open_item o on o.id = m.open_item_id
    join legal_entity f on f.id = o.entity_id
   where e.recorded_at <> now() or e.booked_on <> m.booked_on or e.entity_id <> o.entity_id
      or m.booked_on < o.booked_on or not is_minor_units(m.amount, o.currency)
      or not case when o.currency = f.base_currency then m.base_amount = m.amount
                  else is_minor_units(m.base_amount, f.base_currency) end
      or (e.kind = 'exchange_difference') <> (m.amount = 0 and m.base_amount <> 0)
   limit 1;
  if found then
    raise exception 'A movement of open item % belongs to an entry of its own transaction, date and entity',
      wrong.label using errcode = 'DU010';
  end if;
  perform 1 from open_item where id = any(array(select open_item_id from added)) order by id for no key update;
  select o.label, o.amount into wrong from added m join open_item o on o.id = m.open_item_id
   where (m.amount <> o.amount or m.booked_on <> o.booked_on)
     -- "+ 0" keeps the look-up on the item's own movements, off the ids of all others
     and not exists (select from open_item_movement p where p.open_item_id = m.open_item_id and p.id + 0 < m.id)
   limit 1;
  if found then
    raise exception 'Open item % opens with its whole amount % on its booking date', wrong.label, wrong.amount
      using errcode = 'DU010';
  end if;
  update open_item o set balance = o.balance + moved.amount, base_balance = o.base_balance + moved.base_amount
    from (select open_item_id, sum(amount) as amount, sum(base_amount) as base_amount from added group by 1) moved
   where o.id = moved.open_item_id and (moved.amount, moved.base_amount) <> (0, 0);
  insert into posting_to_check (entries, movements) select array_agg(distinct entry_id), array_agg(id) from added
    having count(*) > 0;
  return null;
end $$;

create trigger open_item_moves after insert on open_item_movement referencing new table as added
  for each statement execute function move_open_item();

create trigger open_item_fixed before update on open_item for each row
  when ((old.id, old.entity_id, old.account_id, old.control, old.label, old.currency, old.amount, old.booked_on,
         old.due_on) is distinct from
        (new.id, new.entity_id, new.account_id, new.control, new.label, new.currency, new.amount, new.booked_on,
         new.due_on))
  execute function refuse_this_change('all but the balance');
create trigger open_item_kept before delete or truncate on open_item
  for each statement execute function refuse_change();

-- What was posted in a transaction is looked at once, as a whole, when it commits: each statement leaves the ids of
-- its entries here, and the first deferred trigger takes them all. The table is empty outside of a transaction.
create table posting_to_check (
  id bigint generated always as identity primary key,
  transaction_id xid8 not null default pg_current_xact_id(),
  entries bigint[] not null,
  movements bigint[]
);
create index posting_to_check_transaction on posting_to_check (transaction_id);

create function postings_tie() returns trigger language plpgsql security definer as $$
declare
  posted bigint[];
  new_movements bigint[];
  wrong record;
begin
  with taken as (
    delete from posting_to_check where transaction_id = pg_current_xact_id() returning entries, movements
  )
  select (select array_agg(distinct entry_id) from taken, unnest(entries) as entry_id),
         (select array_agg(movement_id) from taken, unnest(movements) as movement_id) into posted, new_movements;
  if posted is null then
    return null;
  end if;
  select entry_id, control, currency, sum(booked) as booked, sum(moved) as moved, sum(booked_base) as booked_base,
         sum(moved_base) as moved_base into wrong from (
    select t.entry_id, d.role as control, t.currency, t.amount as booked, t.base_amount as booked_base, 0 as moved,
           0 as moved_base
      from transfer t join chart_account d on d.id = t.debit_id where t.entry_id = any(posted)
    union all
    select t.entry_id, c.role, t.currency, -t.amount, -t.base_amount, 0, 0
      from transfer t join chart_account c on c.id = t.credit_id where t.entry_id = any(posted)
    union all
    select m.entry_id, o.control, o.currency, 0, 0, m.amount, m.base_amount
      from open_item_movement m join open_item o on o.id = m.open_item_id where m.entry_id = any(posted)
    union all
    select d.entry_id, 'deferred_revenue', d.currency, 0, 0, -d.amount, -d.base_amount
      from deferral d where d.entry_id = any(posted)
    union all
    select r.entry_id, 'deferred_revenue', d.currency, 0, 0, r.amount, r.base_amount
      from revenue_release r join deferral d on d.id = r.deferral_id where r.entry_id = any(posted)
  ) sides
   where control in ('receivable', 'on_account', 'deferred_revenue')
   group by entry_id, control, currency
  having (sum(booked), sum(booked_base)) <> (sum(moved), sum(moved_base)) limit 1;
  if found then
    raise exception 'Entry % books % % (base %) on %, but moves what stands behind it by % (base %)', wrong.entry_id,
      wrong.booked, wrong.currency, wrong.booked_base, wrong.control, wrong.moved, wrong.moved_base
      using errcode = 'DU010';
  end if;
  perform from (select distinct command_id from entry where id = any(posted)) c
    where not exists (select from event v where v.command_id = c.command_id and v.recorded_at = now());
  if found then
    raise exception 'A posting needs an event of its command in its own transaction' using errcode = 'DU007';
  end if;
  with sums as materialized (
    select * from account_months_of(new_movements)
  ), of_accounts as (
    insert into account_month as kept (account_id, entity_id, month, billed, revenue, collected, settled, settled_days, late_days)
    select * from sums order by account_id, entity_id, month
    on conflict (account_id, entity_id, month) do update set billed = kept.billed + excluded.billed,
        revenue = kept.revenue + excluded.revenue, collected = kept.collected + excluded.collected,
        settled = kept.settled + excluded.settled, settled_days = kept.settled_days + excluded.settled_days,
        late_days = kept.late_days + excluded.late_days
  )
  insert into entity_month as kept (entity_id, month, slot, billed, revenue, collected, settled, settled_days, late_days)
  select entity_id, month, pg_backend_pid() % 16, sum(billed), sum(revenue), sum(collected), sum(settled),
         sum(settled_days), sum(late_days) from sums group by 1, 2 order by 1, 2
  on conflict (entity_id, month, slot) do update set billed = kept.billed + excluded.billed,
     revenue = kept.revenue + excluded.revenue, collected = kept.collected + excluded.collected,
     settled = kept.settled + excluded.settled, settled_days = kept.settled_days + excluded.settled_days,
     late_days = kept.late_days + excluded.late_days;
  return null;
end $$;

create constraint trigger postings_tie after insert on posting_to_check
  deferrable initially deferred for each row execute function postings_tie();

-- What an account of the chart stands for never changes, nor the currency that base amounts are in.
create trigger chart_account_fixed before update on chart_account for each row
  when ((old.entity_id, old.role) is distinct from (new.entity_id, new.role))
  execute function refuse_this_change('the entity and role');

create function base_currency_stays() returns trigger language plpgsql as $$
begin
  if exists (select from entry where entity_id = new.id) then
    raise exception 'The base currency of % is fixed: its ledger is kept in it', old.code using errcode = 'DU002';
  end if;
  return new;
end $$;

create trigger legal_entity_base_currency before update on legal_entity for each row
  when (old.base_currency <> new.base_currency) execute function base_currency_stays();

-- Journal lines with debit and credit are a view of the transfers.
create view journal_line with (security_invoker = true) as
  select t.id as transfer_id, e.id as entry_id, e.entity_id, e.kind, e.booked_on, e.recorded_at, e.source,
         a.role, a.code, a.name, t.currency, side.debit, side.credit, side.base_debit, side.base_credit
    from transfer t join entry e on e.id = t.entry_id
    cross join lateral (values (t.debit_id, t.amount, 0::numeric, t.base_amount, 0::numeric),
                               (t.credit_id, 0::numeric, t.amount, 0::numeric, t.base_amount))
      as side (chart_account_id, debit, credit, base_debit, base_credit)
    join chart_account a on a.id = side.chart_account_id;

-- The latest instant before which nothing more can be recorded: what is recorded carries the start of its transaction,
-- so this is the start of the oldest one under way, or now (law 13). The clock is read before the list of
-- transactions, and only an owner sees those of every role.
create function settled_at() returns timestamptz language plpgsql security definer as $$
declare
  instant timestamptz := clock_timestamp();
begin
  perform pg_stat_clear_snapshot();
  return (select least(instant, min(xact_start) - interval '1 microsecond') from pg_stat_activity
           where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid());
end $$;

-- What each account was billed and paid in a month, kept when movements commit: one upsert for a transaction, in the
-- order of its key and after every other lock, so that it waits for no one who waits for it. What of a movement is no
-- tax is its share of what its entry books on its control account: the whole, where an entry moves one item of each.
create function account_months_of(moved bigint[]) returns table (account_id bigint, entity_id bigint, month date,
  billed numeric, revenue numeric, collected numeric, settled numeric, settled_days numeric, late_days numeric)
language plpgsql stable set enable_seqscan = off set enable_hashjoin = on as $$
#variable_conflict use_column
begin
  return query
  with side as (
    select m.amount, m.base_amount as base, m.booked_on, m.entry_id, o.account_id, o.entity_id, o.control, o.booked_on as opened_on, o.due_on,
           e.kind
      from open_item_movement m join open_item o on o.id = m.open_item_id join entry e on e.id = m.entry_id
     where m.id = any(moved) and e.kind <> 'exchange_difference'
  ), booked as (
    select t.entry_id, of.control, sum(of.direction * t.amount) as amount,
           sum(of.direction * t.base_amount) filter (where 'tax' not in (d.role, c.role)) as net
      from transfer t join chart_account d on d.id = t.debit_id join chart_account c on c.id = t.credit_id
     cross join lateral (values (d.role, 1), (c.role, -1)) as of (control, direction)
     where t.entry_id = any(array(select entry_id from side)) and of.control in ('receivable', 'on_account')
     group by 1, 2
  ), figured as (
    select s.*, case when s.amount = b.amount then b.net
             else round(s.amount * b.net / nullif(b.amount, 0), currency_exponent(f.base_currency)) end as net,
           kind in ('invoice', 'credit_note', 'deposit') as bills, kind = 'allocation' and s.control = 'receivable' as settles
      from side s join booked b on (b.entry_id, b.control) = (s.entry_id, s.control)
      join legal_entity f on f.id = s.entity_id
  )
  select account_id, entity_id, date_trunc('month', booked_on)::date, coalesce(sum(base) filter (where bills), 0),
         coalesce(sum(net) filter (where bills), 0), coalesce(-sum(base) filter (where kind = 'receipt'), 0),
         coalesce(-sum(base) filter (where settles), 0),
         coalesce(-sum(base * (booked_on - opened_on)) filter (where settles), 0),
         coalesce(-sum(base * greatest(booked_on - due_on, 0)) filter (where settles), 0)
    from figured group by 1, 2, 3 order by 1, 2, 3;
end $$;
