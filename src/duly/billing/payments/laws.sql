-- Receipts are numbered without gaps, in date order, from a counter of their own series (law 4): each stands beside the
-- one before it, of the same statement or of those before; that the last one is the counter's is looked at at commit.
create function receipt_in_sequence() returns trigger language plpgsql as $$
declare
  wrong record;
begin
  select r.number into wrong from added r
    left join number_counter c on c.series_id = r.series_id and c.fiscal_year = r.fiscal_year
    join number_series s on s.id = r.series_id join legal_entity e on e.id = s.entity_id
   where not coalesce(r.sequence between 1 and c.last_number and r.booked_on <= c.last_issued_on
           and s.kind = 'receipt' and s.entity_id = r.entity_id
           and r.fiscal_year = fiscal_year(r.booked_on, e.fiscal_year_start)
           and r.number = document_number(s.pattern, r.fiscal_year, r.sequence), false)
      or (r.sequence > 1 and not exists (
            select from receipt p where p.series_id = r.series_id and p.fiscal_year = r.fiscal_year
               and p.sequence = r.sequence - 1 and p.booked_on <= r.booked_on))
   limit 1;
  if found then
    raise exception 'Receipt % leaves a gap in its series or goes back in date', wrong.number using errcode = 'DU004';
  end if;
  return null;
end $$;

create trigger receipt_in_sequence after insert on receipt referencing new table as added
  for each statement execute function receipt_in_sequence();

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

-- An allocation moves both its items by its own entry, in one currency; one that answers another undoes it whole. In the
-- base currency each item moves by its own part; the exchange difference between them is an entry beside it.
create function allocation_moves_both() returns trigger language plpgsql as $$
declare
  undone record;
begin
  if not exists (
    select from open_item s join open_item t on t.currency = s.currency and t.entity_id = s.entity_id
     where s.id = new.source_id and t.id = new.target_id and s.control = 'on_account' and t.control = 'receivable'
       and exists (select from open_item_movement m where m.entry_id = new.entry_id
                   and m.open_item_id = s.id and m.amount = new.amount and m.base_amount = new.target_base)
       and exists (select from open_item_movement m where m.entry_id = new.entry_id
                   and m.open_item_id = t.id and m.amount = -new.amount and m.base_amount = -new.target_base)
       and (new.difference_entry_id is null or exists (
              select from open_item_movement m join entry e on e.id = m.entry_id and e.kind = 'exchange_difference'
               where m.entry_id = new.difference_entry_id and m.open_item_id = s.id
                 and m.base_amount = new.source_base - new.target_base))
  ) then
    raise exception 'An allocation moves money on account and its open item by one entry' using errcode = 'DU010';
  end if;
  if new.answers_id is not null then
    select * into undone from cash_allocation where id = new.answers_id;
    if (undone.source_id, undone.target_id, -undone.amount, -undone.source_base, -undone.target_base)
       is distinct from (new.source_id, new.target_id, new.amount, new.source_base, new.target_base) then
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
