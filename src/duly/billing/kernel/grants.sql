-- The application's role owns no table (law 15): it reads and adds everywhere, changes and deletes only what is
-- named here, and cannot write what the database itself keeps (balances, the moment of recording, edits).
grant usage on schema public to duly_app;
grant select, insert on all tables in schema public to duly_app;
grant usage, select on all sequences in schema public to duly_app;
grant execute on all functions in schema public to duly_app;

grant update on app_user, person, legal_entity, account, contact, purchase_order, bank_account, tax_registration,
  number_series, chart_account, agreement, project, rate_card, name_mapping, invoice, invoice_line, tax_line,
  bill_run, bill_run_partition, work_item, agreement_policy, check_policy, second_factor_demand, payable_step
  to duly_app;
grant update (last_number, last_issued_on) on number_counter to duly_app;
grant update (result) on command to duly_app;
grant update (state) on message to duly_app;
grant update (name, unit) on metric to duly_app;
grant update (revoked_at, last_used_at) on api_token to duly_app;
grant update (paused_to) on agreement_pause to duly_app;
grant update on agreement_runtime to duly_app;
grant delete on metric, role_grant, right_grant, name_mapping, personal_value, invoice_line, tax_line, line_tax,
  withheld_tax, work_allocation, charge_span, netting, finding, tax_registration, payable_step to duly_app;

-- Columns that the database fills: the application may not even name them.
do $$
declare
  guarded record;
begin
  for guarded in
    select * from (values ('event', array['recorded_at']), ('entry', array['recorded_at']),
      ('open_item', array['balance', 'base_balance']), ('open_item_movement', array['recorded_at']),
      ('deferral', array['released', 'released_base']), ('revenue_release', array['recorded_at']),
      ('usage_event', array['recorded_in'])) as t (name, columns)
  loop
    execute format('revoke insert on %I from duly_app', guarded.name);
    execute (select format('grant insert (%s) on %I to duly_app', string_agg(quote_ident(column_name), ', '), guarded.name)
               from information_schema.columns
              where table_schema = 'public' and table_name = guarded.name and column_name <> all (guarded.columns));
  end loop;
end $$;

-- The job queue's own tables are its package's business.
do $$
declare
  queue record;
begin
  for queue in select tablename from pg_tables where schemaname = 'public' and tablename like 'procrastinate%' loop
    execute format('grant update, delete on %I to duly_app', queue.tablename);
  end loop;
end $$;

-- Written by the laws alone, or by migrations.
revoke insert on draft_edit, account_month, entity_month, django_migrations from duly_app;
revoke all on posting_to_check, usage_event_other from duly_app;

-- A law reads the firm's tables, never a temporary one of the same name: those come last.
do $$
declare
  law record;
begin
  for law in
    select p.oid::regprocedure as signature from pg_proc p join pg_language l on l.oid = p.prolang
     where p.pronamespace = 'public'::regnamespace and p.proname not like 'procrastinate%' and l.lanname = 'plpgsql'
        or p.pronamespace = 'public'::regnamespace and p.proname in ('draft_digest', 'approved_live', 'launcher')
  loop
    execute format('alter function %s set search_path = public, pg_temp', law.signature);
  end loop;
end $$;

-- The laws look rows up by their keys. A session's plans are made when it first posts, perhaps into empty tables,
-- and kept while the tables grow: without this a law would come to read a whole table, or all of an index, for every
-- thousand rows. The sums group and compare sets: they, and what calls them, may hash what was looked up.
do $$
declare
  law regprocedure;
begin
  for law in
    select p.oid::regprocedure from pg_proc p join pg_language l on l.oid = p.prolang
     where p.pronamespace = 'public'::regnamespace and l.lanname = 'plpgsql' and p.proname in (
       'issue_obeys', 'move_open_item', 'transfer_of_its_entry', 'deferral_of_its_entry', 'release_deferral',
       'postings_tie', 'guard_content', 'evidence_content', 'span_content', 'work_billed_once', 'days_taken_back',
       'days_given_back', 'netted_once', 'check_issued_sums', 'check_issued_numbers', 'check_issued_reviews',
       'check_issued_spans')
  loop
    execute format('alter function %s set enable_seqscan = off', law);
    if law::text not in ('issue_obeys()', 'check_issued_sums(bigint[])') then
      execute format('alter function %s set enable_hashjoin = off set enable_mergejoin = off', law);
    end if;
  end loop;
end $$;
