-- A booking on or before the entity's lock date is refused (law 14). The share lock makes a change of the
-- lock date wait for bookings under way, and the other way round.
create function entry_after_lock_date() returns trigger language plpgsql as $$
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
  return null;
end $$;

create trigger entry_after_lock_date after insert on entry referencing new table as added
  for each statement execute function entry_after_lock_date();

-- Transfers belong to their entry: written in its transaction, between accounts of its entity (law 2).
create function transfer_of_its_entry() returns trigger language plpgsql as $$
begin
  if exists (
    select from added t join entry e on e.id = t.entry_id
      join chart_account d on d.id = t.debit_id join chart_account c on c.id = t.credit_id
     where e.recorded_at <> now() or d.entity_id <> e.entity_id or c.entity_id <> e.entity_id
  ) then
    raise exception 'A transfer is posted with its entry, between accounts of the entry''s entity'
      using errcode = 'DU002', hint = 'Post a new entry that answers the old one.';
  end if;
  return null;
end $$;

create trigger transfer_of_its_entry after insert on transfer referencing new table as added
  for each statement execute function transfer_of_its_entry();

-- The balance of an open item is the sum of its movements, written here and nowhere else (law 10). Rows are
-- locked in id order, so that two allocations at once wait for each other and the check on the balance decides.
create function move_open_item() returns trigger language plpgsql security definer set search_path = public as $$
begin
  if exists (select from added m join entry e on e.id = m.entry_id
              where e.recorded_at <> now() or e.booked_on <> m.booked_on) then
    raise exception 'A movement belongs to an entry of its own transaction and date' using errcode = 'DU010';
  end if;
  perform 1 from open_item where id in (select open_item_id from added) order by id for no key update;
  update open_item o set balance = o.balance + moved.amount
    from (select open_item_id, sum(amount) as amount from added group by open_item_id) moved
   where o.id = moved.open_item_id and moved.amount <> 0;
  return null;
end $$;

create trigger open_item_moves after insert on open_item_movement referencing new table as added
  for each statement execute function move_open_item();

-- Journal lines with debit and credit are a view of the transfers.
create view journal_line with (security_invoker = true) as
  select t.id as transfer_id, e.id as entry_id, e.entity_id, e.kind, e.booked_on, e.recorded_at, e.source,
         a.role, a.code, a.name, t.currency, side.debit, side.credit
    from transfer t join entry e on e.id = t.entry_id
    cross join lateral (values (t.debit_id, t.amount, 0::numeric), (t.credit_id, 0::numeric, t.amount))
      as side (chart_account_id, debit, credit)
    join chart_account a on a.id = side.chart_account_id;
