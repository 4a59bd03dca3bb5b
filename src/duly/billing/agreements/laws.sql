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
