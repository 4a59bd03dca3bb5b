-- When a version or a rate was written is the database's own word, whatever the application says.
create function recorded_in_this_transaction() returns trigger language plpgsql as $$
begin
  new.recorded_in := pg_current_xact_id();
  return new;
end $$;

create trigger agreement_version_dated before insert on agreement_version
  for each row execute function recorded_in_this_transaction();
create trigger rate_dated before insert on rate
  for each row execute function recorded_in_this_transaction();
create trigger metric_dated before insert on metric
  for each row execute function recorded_in_this_transaction();

-- What is made of usage never changes, so that a quantity that was billed can be measured again.
create function metric_stays() returns trigger language plpgsql as $$
begin
  raise exception 'The metric % stays as it was defined', old.code using errcode = 'DU003',
    hint = 'Its name and its unit may change; for another way of counting, define another metric.';
end $$;

create trigger metric_stays before update on metric for each row
  when ((old.code, old.aggregation, old.event, old.property, old.filters, old.group_by, old.recorded_in)
        is distinct from
        (new.code, new.aggregation, new.event, new.property, new.filters, new.group_by, new.recorded_in))
  execute function metric_stays();

-- Terms are written with their version; later additions would change what was agreed behind the log's back.
create function terms_with_their_version() returns trigger language plpgsql as $$
begin
  if exists (select from added t join agreement_version v on v.id = t.version_id
              where v.recorded_in <> pg_current_xact_id()) then
    raise exception 'Terms of an agreed version are never added to' using errcode = 'DU003',
      hint = 'Make a new version of the agreement from a later date.';
  end if;
  return null;
end $$;

create trigger charge_terms_with_version after insert on charge_terms referencing new table as added
  for each statement execute function terms_with_their_version();

-- Tiers, phases, limits and discounts belong to their version as its terms do, and name charges of their own agreement.
create function parts_with_their_terms() returns trigger language plpgsql as $$
begin
  if exists (select from added p join charge_terms t on t.id = p.terms_id join agreement_version v on v.id = t.version_id
              where v.recorded_in <> pg_current_xact_id()) then
    raise exception 'Terms of an agreed version are never added to' using errcode = 'DU003',
      hint = 'Make a new version of the agreement from a later date.';
  end if;
  return null;
end $$;

create trigger charge_tier_with_terms after insert on charge_tier referencing new table as added
  for each statement execute function parts_with_their_terms();
create trigger charge_phase_with_terms after insert on charge_phase referencing new table as added
  for each statement execute function parts_with_their_terms();
create trigger expense_limit_with_terms after insert on expense_limit referencing new table as added
  for each statement execute function parts_with_their_terms();
create trigger discount_with_version after insert on discount referencing new table as added
  for each statement execute function terms_with_their_version();

-- Tiers leave no gap: each begins where the one before ends, the first at zero, and the last one is open.
create function tiers_without_gap() returns trigger language plpgsql as $$
declare
  wrong record;
begin
  select terms_id, above into wrong from (
    select terms_id, above, up_to, lag(up_to, 1, 0) over w as before, lead(above) over w as next
      from charge_tier where terms_id in (select terms_id from added)
    window w as (partition by terms_id order by above)) t
   where above is distinct from before or (up_to is null) <> (next is null) limit 1;
  if found then
    raise exception 'The tiers of terms % leave a gap at %', wrong.terms_id, wrong.above using errcode = 'DU003';
  end if;
  return null;
end $$;

create trigger charge_tier_without_gap after insert on charge_tier referencing new table as added
  for each statement execute function tiers_without_gap();

-- Only expenses have limits, in whole minor units of the agreement's currency.
create function limits_of_expenses() returns trigger language plpgsql as $$
declare
  wrong record;
begin
  select l.category, l.at_most, a.currency, h.kind into wrong
    from added l join charge_terms t on t.id = l.terms_id join charge h on h.id = t.charge_id
    join agreement a on a.id = h.agreement_id
   where h.kind <> 'expense' or not is_minor_units(l.at_most, a.currency) limit 1;
  if found then
    raise exception 'A limit of % % for “%” on a charge of the kind %', wrong.at_most, wrong.currency, wrong.category,
      wrong.kind using errcode = 'DU001', hint = 'Limits are of expenses, in whole minor units.';
  end if;
  return null;
end $$;

create trigger expense_limit_of_expenses after insert on expense_limit referencing new table as added
  for each statement execute function limits_of_expenses();

-- A pause may be given an end; all else of it stays.
create trigger agreement_pause_fixed before update on agreement_pause for each row
  when ((old.id, old.agreement_id, old.charge_id, old.paused_from) is distinct from
        (new.id, new.agreement_id, new.charge_id, new.paused_from) or old.paused_to is not null)
  execute function refuse_this_change('all but an open pause''s end');
