-- Rows that are only ever added. Holds for the owner of the tables too; `audit verify` reports a disabled trigger.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% rows are never changed or deleted, only answered by new ones', tg_table_name
    using errcode = 'DU003', hint = 'Record a correcting row or document instead.';
end $$;

do $$
declare
  frozen text;
begin
  foreach frozen in array array[
    'event', 'seal', 'published_head', 'stored_file', 'exchange_rate', 'tax_rate', 'entry', 'transfer',
    'open_item_movement', 'agreement_version', 'charge', 'charge_terms', 'rate', 'import_batch', 'import_row',
    'work_receipt', 'party_copy', 'waiver', 'review_step', 'decision', 'draft_edit', 'receipt', 'cash_allocation',
    'delivery_attempt', 'revenue_release', 'expense_limit'
  ] loop
    execute format(
      'create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      frozen || '_frozen', frozen);
  end loop;
end $$;

-- For rows of which only some columns are fixed: the trigger's `when` names them.
create function refuse_this_change() returns trigger language plpgsql as $$
begin
  raise exception '%: % of row % never changes', tg_table_name, tg_argv[0], old.id
    using errcode = 'DU003', hint = 'Record a new row instead.';
end $$;

-- A transaction with one snapshot for all its statements does not see what others commit meanwhile, locks or not.
create function demand_read_committed() returns void language plpgsql stable as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'The laws are checked in READ COMMITTED transactions only, not in %',
      upper(current_setting('transaction_isolation')) using errcode = 'DU005';
  end if;
end $$;

-- The answer to an idempotency key is given once (law 8).
create trigger command_answered_once before update on command for each row when (old.result is not null)
  execute function refuse_this_change('the result');
create trigger command_kept before delete or truncate on command for each statement execute function refuse_change();

-- Who acts: every verb sets it for its transaction; a change that must be attributed is refused without it.
create function acting() returns text language sql stable as
$$ select nullif(current_setting('duly.actor', true), '') $$;

-- Sensitive settings leave an event even when raw SQL changes them (law 7).
create function record_setting() returns trigger language plpgsql security definer set search_path = public as $$
declare
  before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
begin
  insert into event (command_id, verb, actor, at, subject_type, subject_id, data) values (
    coalesce(nullif(current_setting('duly.command', true), ''), '00000000-0000-0000-0000-000000000000')::uuid,
    'setting.' || lower(tg_op), coalesce(acting(), 'database role ' || session_user), now(), tg_table_name,
    coalesce(after ->> 'id', before ->> 'id')::bigint,
    jsonb_strip_nulls(jsonb_build_object('before', mask(before), 'after', mask(after))));
  return null;
end $$;

-- An account number is recognised by its last four characters; the log never holds it whole.
create function mask(setting jsonb) returns jsonb language sql immutable as $$
  select case when setting ? 'iban'
    then (setting - 'holder') || jsonb_build_object('iban', '…' || right(setting ->> 'iban', 4))
    else setting end
$$;

do $$
declare
  setting text;
begin
  foreach setting in array array[
    'bank_account', 'rate', 'role_grant', 'right_grant', 'agreement_version', 'number_series', 'tax_registration',
    'tax_rate', 'exchange_rate', 'chart_account', 'agreement_policy', 'check_policy', 'second_factor_demand',
    'payable_step'
  ] loop
    execute format(
      'create trigger %I after insert or update or delete on %I for each row execute function record_setting()',
      setting || '_recorded', setting);
  end loop;
end $$;

-- References are checked where a row is written, so that an error names its cause and not the commit.
do $$
declare
  reference record;
begin
  for reference in
    select conrelid::regclass as owner, conname from pg_constraint
    where contype = 'f' and condeferrable and conrelid::regclass::text not like 'procrastinate%'
  loop
    execute format('alter table %s alter constraint %I not deferrable', reference.owner, reference.conname);
  end loop;
end $$;
