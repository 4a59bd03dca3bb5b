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
