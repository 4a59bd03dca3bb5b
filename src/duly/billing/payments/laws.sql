-- Receipts are numbered without gaps, in date order, from a counter of their own series (law 4).
create function receipt_in_sequence() returns trigger language plpgsql as $$
begin
  if not exists (
    select from number_counter c join number_series s on s.id = c.series_id
     where c.series_id = new.series_id and c.fiscal_year = new.fiscal_year and c.last_number = new.sequence
       and s.kind = 'receipt' and s.entity_id = new.entity_id
  ) or (new.sequence > 1 and not exists (
    select from receipt where series_id = new.series_id and fiscal_year = new.fiscal_year
       and sequence = new.sequence - 1)) then
    raise exception 'Receipt % leaves a gap in its series', new.number using errcode = 'DU004';
  end if;
  return new;
end $$;

create trigger receipt_in_sequence before insert on receipt for each row execute function receipt_in_sequence();

-- A receipt is wholly on account when it is booked (law 10).
create function receipt_on_account() returns trigger language plpgsql as $$
begin
  if not exists (select from open_item o where o.id = new.open_item_id and o.control = 'on_account'
                 and o.amount = -new.amount and o.currency = new.currency and o.account_id = new.account_id) then
    raise exception 'Receipt % does not stand on account as it was received', new.number using errcode = 'DU010';
  end if;
  return null;
end $$;

create trigger receipt_on_account after insert on receipt for each row execute function receipt_on_account();

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
