-- A counter only goes up, and at commit its last number is a document's (law 4).
create function counter_goes_up() returns trigger language plpgsql as $$
begin
  if new.last_number < old.last_number or new.last_issued_on < old.last_issued_on
     or (new.last_issued_on is null and old.last_issued_on is not null)
     or (new.series_id, new.fiscal_year) is distinct from (old.series_id, old.fiscal_year) then
    raise exception 'A number series only goes up: number % on %, after number % on %',
      new.last_number, new.last_issued_on, old.last_number, old.last_issued_on using errcode = 'DU004';
  end if;
  return new;
end $$;

create trigger number_counter_goes_up before update on number_counter
  for each row execute function counter_goes_up();
create trigger number_counter_stays before delete or truncate on number_counter
  for each statement execute function refuse_change();

create function counter_has_document() returns trigger language plpgsql as $$
begin
  if new.last_number > 0
     and not exists (select from invoice where series_id = new.series_id
                     and fiscal_year = new.fiscal_year and sequence = new.last_number)
     and not exists (select from receipt where series_id = new.series_id
                     and fiscal_year = new.fiscal_year and sequence = new.last_number) then
    raise exception 'Number % of series % was taken without a document', new.last_number, new.series_id
      using errcode = 'DU004';
  end if;
  return null;
end $$;

create constraint trigger number_counter_used after insert or update on number_counter
  deferrable initially deferred for each row execute function counter_has_document();

-- What a series numbers, and how its pattern reads: the printed number follows from year and sequence.
create trigger number_series_fixed before update on number_series for each row
  when ((old.entity_id, old.kind) is distinct from (new.entity_id, new.kind))
  execute function refuse_this_change('the entity and kind');

alter table number_series add constraint number_series_pattern_reads check (
  pattern ~ '^([^{}]|\{year\}|\{number(:0[1-9])?\})*$' and pattern ~ '\{number');

create function document_number(pattern text, fiscal_year integer, sequence integer) returns text
language sql immutable as $$
  select replace(regexp_replace(pattern, '\{number(:0[1-9])?\}',
      lpad(sequence::text, greatest(length(sequence::text),
           coalesce(substring(pattern from '\{number:0([1-9])\}'), '1')::integer), '0'), 'g'),
    '{year}', fiscal_year::text)
$$;

create function fiscal_year(on_date date, start_month integer) returns integer language sql immutable as $$
  select extract(year from on_date)::integer - (extract(month from on_date) < start_month)::integer
$$;

-- The first number given fixes the fiscal year of the entity.
create function fiscal_year_stays() returns trigger language plpgsql as $$
begin
  if exists (select from number_counter c join number_series s on s.id = c.series_id where s.entity_id = new.id) then
    raise exception 'The fiscal year of % is fixed: documents are numbered by it', old.code using errcode = 'DU004';
  end if;
  return new;
end $$;

create trigger legal_entity_fiscal_year before update on legal_entity for each row
  when (old.fiscal_year_start <> new.fiscal_year_start) execute function fiscal_year_stays();

-- Events and decisions name people by their login.
create trigger app_user_login_fixed before update on app_user for each row when (old.login <> new.login)
  execute function refuse_this_change('the login');

-- A lock date never moves back: what was closed stays closed (law 14).
create function lock_date_stays() returns trigger language plpgsql as $$
begin
  raise exception 'The lock date of % is %; it only moves forward', old.code, old.lock_date using errcode = 'DU014';
end $$;

create trigger legal_entity_lock_date before update on legal_entity for each row
  when (old.lock_date is not null and (new.lock_date is null or new.lock_date < old.lock_date))
  execute function lock_date_stays();

-- What a token opens is said when it is made; one that is revoked opens nothing ever again.
create function token_stays() returns trigger language plpgsql as $$
begin
  raise exception 'The token % stays as it was made, and revoked once it is', old.id using errcode = 'DU003',
    hint = 'Make another token.';
end $$;

create trigger api_token_stays before update on api_token for each row
  when ((old.name, old.user_id, old.scope, old.digest, old.hint, old.expires_at, old.made_at)
        is distinct from (new.name, new.user_id, new.scope, new.digest, new.hint, new.expires_at, new.made_at)
        or (old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at))
  execute function token_stays();
create trigger api_token_kept before delete or truncate on api_token for each statement execute function refuse_change();
