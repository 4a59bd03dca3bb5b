-- Receipts are numbered without gaps, in date order, from a counter of their own series (law 4).
create function receipt_in_sequence() returns trigger language plpgsql as $$
begin
  if new.sequence < 1 or not exists (
    select from number_counter c join number_series s on s.id = c.series_id join legal_entity e on e.id = s.entity_id
     where c.series_id = new.series_id and c.fiscal_year = new.fiscal_year and c.last_number = new.sequence
       and s.kind = 'receipt' and s.entity_id = new.entity_id and new.booked_on <= c.last_issued_on
       and new.fiscal_year = fiscal_year(new.booked_on, e.fiscal_year_start)
       and new.number = document_number(s.pattern, new.fiscal_year, new.sequence)
  ) or (new.sequence > 1 and not exists (
    select from receipt where series_id = new.series_id and fiscal_year = new.fiscal_year
       and sequence = new.sequence - 1 and booked_on <= new.booked_on)) then
    raise exception 'Receipt % leaves a gap in its series or goes back in date', new.number using errcode = 'DU004';
  end if;
  return new;
end $$;

create trigger receipt_in_sequence before insert on receipt for each row execute function receipt_in_sequence();

-- A receipt is wholly on account when it is booked, by an opening movement on its date (law 10); looked at when its
-- transaction commits, since receipt and posting are written in either order.
create function receipt_on_account() returns trigger language plpgsql as $$
begin
  if not exists (select from open_item o join open_item_movement m on m.open_item_id = o.id and m.amount = o.amount
                 where o.id = new.open_item_id and o.control = 'on_account' and o.amount = -new.amount
                   and o.currency = new.currency and o.account_id = new.account_id and o.entity_id = new.entity_id
                   and o.booked_on = new.booked_on and m.booked_on = new.booked_on) then
    raise exception 'Receipt % does not stand on account as it was received', new.number using errcode = 'DU010';
  end if;
  return null;
end $$;

create constraint trigger receipt_on_account after insert on receipt
  deferrable initially deferred for each row execute function receipt_on_account();

-- An allocation moves both its items by its own entry, in one currency; one that answers another undoes it whole.
create function allocation_moves_both() returns trigger language plpgsql as $$
declare
  undone record;
begin
  if not exists (
    select from open_item s join open_item t on t.currency = s.currency and t.entity_id = s.entity_id
     where s.id = new.source_id and t.id = new.target_id and s.control = 'on_account' and t.control = 'receivable'
       and exists (select from open_item_movement m where m.entry_id = new.entry_id
                   and m.open_item_id = s.id and m.amount = new.amount)
       and exists (select from open_item_movement m where m.entry_id = new.entry_id
                   and m.open_item_id = t.id and m.amount = -new.amount)
  ) then
    raise exception 'An allocation moves money on account and its open item by one entry' using errcode = 'DU010';
  end if;
  if new.answers_id is not null then
    select * into undone from cash_allocation where id = new.answers_id;
    if (undone.source_id, undone.target_id, -undone.amount) is distinct from
       (new.source_id, new.target_id, new.amount) then
      raise exception 'An allocation is undone whole, by one that mirrors it' using errcode = 'DU010';
    end if;
  end if;
  return null;
end $$;

create trigger cash_allocation_moves_both after insert on cash_allocation
  for each row execute function allocation_moves_both();

-- Whoever spreads money first locks the items it may touch, in id order, and reads their balances afterwards; so two
-- at once wait for each other and the second sees what is left (law 9). The application's role may not change an open
-- item and therefore cannot lock one itself.
create function lock_open_items(items bigint[]) returns void language plpgsql security definer
  set search_path = public as $$
begin
  perform 1 from open_item where id = any(items) order by id for no key update;
end $$;
