-- What was used, parted by the month of `at` (UTC). `recorded_in` is what a bill run's snapshot sees. There are no
-- foreign keys: their checks would cost more than all else of an event; the trigger below looks once per statement.
create table usage_event (
  agreement_id bigint not null,
  metric varchar(60) collate "C" not null,
  source varchar(200) collate "C" not null,
  event_id varchar(200) collate "C" not null,
  at timestamptz not null,
  received_at timestamptz not null,
  quantity numeric(20, 6) not null constraint usage_event_quantity check (quantity <> 'NaN'),
  properties jsonb constraint usage_event_properties check (jsonb_typeof(properties) = 'object'),
  recorded_in xid8 not null default pg_current_xact_id(),
  constraint usage_event_once primary key (source, event_id, at)
) partition by range (at);
create index usage_event_measured on usage_event (agreement_id, metric, at);
create index usage_event_recorded on usage_event ((agreement_id + 0), recorded_in);  -- for reads of what came late only

create table usage_event_other partition of usage_event default;

-- An event is its source and its id there; their MD5 keeps them all in one small key. Whoever makes two that collide
-- only makes the second a finding. All that it calls is immutable, so that it is written into the queries that call it.
create function usage_mark(source text, event_id text) returns uuid language sql immutable parallel safe as
$$ select md5(length(source)::text || ':' || source || event_id)::uuid $$;

-- The application owns no table, so it asks for the months it needs. Days far off stay in the default partition, and
-- so does a month of which that has events already.
create function usage_months(first timestamptz, last timestamptz) returns void language plpgsql security definer as $$
declare
  starts date := greatest(date_trunc('month', first at time zone 'UTC'), date '2000-01-01');
  ends date := least(last at time zone 'UTC', now() at time zone 'UTC' + interval '1 year');
  month date;
  name text;
begin
  for month in select m from generate_series(starts, ends, interval '1 month') m order by m desc limit 240 loop
    name := 'usage_event_' || to_char(month, 'YYYY_MM');
    if to_regclass('public.' || name) is null then
      perform pg_advisory_xact_lock(hashtext('usage_months'));
      continue when to_regclass('public.' || name) is not null or exists (
        select from usage_event_other where at >= month::timestamp at time zone 'UTC'
           and at < (month + interval '1 month') at time zone 'UTC');
      execute format('create table public.%I (like public.usage_event including defaults including constraints)', name);
      execute format('alter table public.usage_event attach partition public.%I for values from (%L) to (%L)', name,
        month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
    end if;
  end loop;
end $$;

-- An event counts once (law 5): it is the one that has the identity, at its time. It belongs to an agreement.
create function usage_counts_once() returns trigger language plpgsql as $$
begin
  if exists (select from added a left join usage_identity i on i.mark = usage_mark(a.source, a.event_id) and i.at = a.at
              where i.mark is null) then
    raise exception 'A usage event counts once, and under the identity that it has' using errcode = 'DU005',
      hint = 'Send it through the ingestion, which keeps the identities.';
  end if;
  if exists (select from (select distinct agreement_id from added) a
              where not exists (select from agreement g where g.id = a.agreement_id)) then
    raise exception 'A usage event belongs to an agreement' using errcode = '23503';
  end if;
  return null;
end $$;

create trigger usage_event_counts_once after insert on usage_event referencing new table as added
  for each statement execute function usage_counts_once();

do $$
declare
  frozen text;
begin
  foreach frozen in array array[
    'usage_event', 'usage_identity', 'usage_finding', 'usage_decision', 'usage_batch'
  ] loop
    execute format(
      'create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      frozen || '_frozen', frozen);
  end loop;
end $$;
