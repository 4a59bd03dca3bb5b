-- A review step and a decision are for the content as it stands, by someone who did not write it (law 6).
create function step_for_content() returns trigger language plpgsql as $$
begin
  if new.digest is distinct from draft_digest(new.invoice_id) then
    raise exception 'Draft % changed while it was submitted', new.invoice_id using errcode = 'DU006';
  end if;
  return new;
end $$;

create trigger review_step_for_content before insert on review_step
  for each row execute function step_for_content();

-- The moment of an edit or a decision is taken while the draft is locked, so that a transaction begun early cannot
-- make an edit look older than the approval before it.
create function recorded_now() returns trigger language plpgsql as $$
begin
  new.recorded_at := clock_timestamp();
  return new;
end $$;

create trigger draft_edit_dated before insert on draft_edit for each row execute function recorded_now();

-- Whoever launched a run is an author of all its drafts, also of those that a colleague's resume drafted.
create function launcher(part bigint) returns text language sql stable as $$
  select u.login from bill_run_partition p join bill_run r on r.id = p.run_id join app_user u on u.id = r.launched_by_id
   where p.id = part
$$;

create function decision_by_another() returns trigger language plpgsql as $$
declare
  draft record;
  asked record;
  last_approval timestamptz;
begin
  perform demand_read_committed();
  select * into draft from invoice where id = new.invoice_id for no key update;
  new.recorded_at := clock_timestamp();
  select * into asked from review_step where id = new.review_step_id;
  if asked.invoice_id <> new.invoice_id
     or draft.state <> (case asked.step when 'peer' then 'in_review' else 'client_check' end)
     or new.digest <> asked.digest or new.digest is distinct from draft_digest(new.invoice_id) then
    raise exception 'Draft % changed since it was submitted, or does not wait for this step', new.invoice_id
      using errcode = 'DU006', hint = 'Look at the draft again.';
  end if;
  if new.decided_by is distinct from acting()
     or not exists (select from app_user where login = new.decided_by and is_active) then
    raise exception 'A decision is taken in one''s own name' using errcode = 'DU006';
  end if;
  if new.verdict = 'returned' then
    return new;
  end if;
  select max(recorded_at) into last_approval from decision
   where invoice_id = new.invoice_id and verdict = 'approved' and digest <> new.digest;
  if (last_approval is null and (draft.created_by in (new.decided_by, new.on_behalf_of)
        or launcher(draft.run_partition_id) in (new.decided_by, new.on_behalf_of)))
     or exists (select from draft_edit e where e.invoice_id = new.invoice_id
                and e.editor in (new.decided_by, new.on_behalf_of)
                and (last_approval is null or e.recorded_at > last_approval)) then
    raise exception 'Whoever made, launched or edited draft % cannot approve it', new.invoice_id using errcode = 'DU006',
      hint = 'Ask a colleague to review it.';
  end if;
  return new;
end $$;

create trigger decision_by_another before insert on decision for each row execute function decision_by_another();

-- Issue: sums (law 9), numbers without gaps in date order (law 4), live approvals (law 6), no open finding.
create function issue_obeys() returns trigger language plpgsql as $$
declare
  wrong record;
begin
  if not exists (select from after_issue where state = 'issued') then
    return null;
  end if;
  perform demand_read_committed();
  perform check_issued_sums(array(select id from after_issue where state = 'issued'));
  perform check_issued_numbers(array(select id from after_issue where state = 'issued'));
  perform check_issued_reviews(array(select id from after_issue where state = 'issued'));
  perform check_issued_spans(array(select id from after_issue where state = 'issued'));
  select f.invoice_id, f.check_name into wrong from finding f
   where f.invoice_id in (select id from after_issue where state = 'issued') and f.severity = 'blocks'
     and not exists (select from waiver w where (w.invoice_id, w.check_name, w.path, w.text)
                     = (f.invoice_id, f.check_name, f.path, f.text)) limit 1;
  if found then
    raise exception 'Draft % is blocked by the check %', wrong.invoice_id, wrong.check_name using errcode = 'DU006';
  end if;
  return null;
end $$;

create function check_issued_sums(issued bigint[]) returns void language plpgsql as $$
declare
  wrong record;
begin
  with document as materialized (
    select i.*, currency_exponent(i.currency) as exponent from invoice i where i.id = any(issued)
  ), line as materialized (
    select id, invoice_id, tax_category, tax_rate, amount, tax, gross from invoice_line where invoice_id = any(issued)
  ), several as materialized (
    -- What lines bear of each of several taxes on one base.
    select l.invoice_id, t.line_id, t.name, t.category, t.rate, t.base, t.tax from line_tax t join line l on l.id = t.line_id
  ), lines as (
    select l.invoice_id, sum(l.amount) as net, sum(l.tax) as tax,
           bool_and(l.amount = round(l.amount, d.exponent) and l.tax = round(l.tax, d.exponent)
             and (l.gross is not null) = d.prices_include_tax and l.tax = coalesce(s.tax, l.tax)) as whole
      from line l join document d on d.id = l.invoice_id
      left join (select line_id, sum(tax) as tax from several group by 1) s on s.line_id = l.id group by 1
  ), borne as (
    select invoice_id, '' as name, tax_category as category, tax_rate as rate, amount as base, tax from line
     where id not in (select line_id from several)
    union all select invoice_id, name, category, rate, base, tax from several
  ), grouped as (
    select invoice_id, name, category, rate, sum(base) as base, sum(tax) as tax from borne group by 1, 2, 3, 4
  ), taxed as (
    select coalesce(g.invoice_id, t.invoice_id) as invoice_id, sum(t.tax) as tax,
           bool_and(coalesce(g.base = t.base and g.tax = t.tax, false)) as ties
      from grouped g full join (select * from tax_line where invoice_id = any(issued)) t
        on (t.invoice_id, t.name, t.category, t.rate) = (g.invoice_id, g.name, g.category, g.rate)
     group by 1
  ), kept as (
    select invoice_id, sum(amount) as withheld from withheld_tax where invoice_id = any(issued) group by 1
  ), paid as (
    select invoice_id, sum(amount) as prepaid from netting where invoice_id = any(issued) and not released group by 1
  )
  select d.id into wrong from document d left join lines l on l.invoice_id = d.id
    left join taxed t on t.invoice_id = d.id left join kept k on k.invoice_id = d.id
    left join paid p on p.invoice_id = d.id
    left join open_item o on o.id = d.open_item_id
    left join payable_step s on (s.entity_id, s.currency) = (d.entity_id, d.currency)
   where not coalesce(l.whole and t.ties and l.net = d.net and l.tax = d.tax and t.tax = d.tax, false)
      or d.withheld <> coalesce(k.withheld, 0)
      or d.prepaid <> coalesce(p.prepaid, 0)
      or d.rounding <> coalesce(rounding_to(d.total - d.prepaid - d.withheld, s.step), 0)
      or case when d.kind = 'proforma' then d.open_item_id is not null else not coalesce(
           o.control = 'receivable' and o.amount = d.total - d.prepaid + d.rounding and o.balance = o.amount and o.currency = d.currency
           and o.account_id = d.account_id and o.entity_id = d.entity_id and o.booked_on = d.booked_on
           and o.due_on = d.due_on, false) end
   limit 1;
  if found then
    raise exception 'The lines, taxes and posted open item of draft % do not add up to its totals', wrong.id
      using errcode = 'DU009';
  end if;
end $$;

create function check_issued_numbers(issued bigint[]) returns void language plpgsql as $$
declare
  wrong record;
begin
  -- Each number stands beside the one before it: of the same statement, or, for the first, of those issued before.
  with taken as (
    select i.series_id, i.fiscal_year, i.sequence, i.issued_on,
           lag(i.sequence) over w as sequence_before, lag(i.issued_on) over w as issued_before
      from invoice i where i.id = any(issued) window w as (partition by i.series_id, i.fiscal_year order by i.sequence)
  )
  select t.* into wrong from taken t
   where (t.sequence_before is not null and (t.sequence_before <> t.sequence - 1 or t.issued_on < t.issued_before))
      or (t.sequence_before is null and t.sequence > 1 and not exists (
            select from invoice p where p.series_id = t.series_id and p.fiscal_year = t.fiscal_year
               and p.sequence = t.sequence - 1 and p.issued_on <= t.issued_on))
   limit 1;
  if not found then
    select i.series_id, i.fiscal_year, i.sequence, i.issued_on into wrong from invoice i
      join number_series s on s.id = i.series_id join legal_entity e on e.id = i.entity_id
      left join number_counter c on c.series_id = i.series_id and c.fiscal_year = i.fiscal_year
     where i.id = any(issued)
       and not coalesce(i.sequence between 1 and c.last_number and i.issued_on <= c.last_issued_on
             and s.entity_id = i.entity_id and s.kind = i.kind
             and i.fiscal_year = fiscal_year(i.issued_on, e.fiscal_year_start)
             and i.number = document_number(s.pattern, i.fiscal_year, i.sequence), false)
     limit 1;
  end if;
  if found then
    raise exception 'Number % of series % in % leaves a gap, goes back in date (%) or is not printed as its series says',
      wrong.sequence, wrong.series_id, wrong.fiscal_year, wrong.issued_on using errcode = 'DU004';
  end if;
  select i.id, e.code, e.lock_date into wrong from invoice i join legal_entity e on e.id = i.entity_id
   where i.id = any(issued) and i.booked_on <= e.lock_date limit 1;
  if found then
    raise exception 'Entity % is closed until %; draft % cannot be booked before', wrong.code, wrong.lock_date, wrong.id
      using errcode = 'DU014';
  end if;
end $$;

-- An approval is live for the content it saw, until someone returns that content.
create function approved_live(draft bigint, wanted text, content text) returns boolean language sql stable as $$
  select exists (
    select from decision d join review_step s on s.id = d.review_step_id
     where d.invoice_id = draft and s.step = wanted and d.verdict = 'approved' and d.digest = content
       and not exists (select from decision r where r.invoice_id = draft and r.verdict = 'returned'
                       and r.digest = content and r.recorded_at > d.recorded_at))
$$;

create function check_issued_reviews(issued bigint[]) returns void language plpgsql as $$
declare
  wrong record;
begin
  select r.id, 'was not reviewed as its agreement demands' as text into wrong
    from (select i.id, i.review, draft_digest(i.id) as content from invoice i
           where i.id = any(issued) and i.review <> 'none' offset 0) r
   where not approved_live(r.id, 'peer', r.content)
      or (r.review = 'peer_and_client' and not approved_live(r.id, 'client', r.content))
   limit 1;
  if not found then
    with line as materialized (
      select invoice_id, agreement_id, charge_id, terms_id from invoice_line where invoice_id = any(issued)
    ), demanded as materialized (
      select distinct invoice_id, agreement_id, charge_id, terms_id from line
    )
    select i.id, 'has a weaker review than its agreement demands, or lines of other parties'' terms' as text into wrong
      from demanded join invoice i on i.id = demanded.invoice_id
      join agreement a on a.id = demanded.agreement_id
      join account customer on customer.id = a.account_id
      join charge_terms t on t.id = demanded.terms_id
      join agreement_version v on v.id = t.version_id
     where v.agreement_id <> a.id or t.charge_id <> demanded.charge_id or a.entity_id <> i.entity_id
        or a.currency <> i.currency or i.account_id not in (customer.id, coalesce(customer.bill_to_id, customer.id))
        or array_position(array['none', 'peer', 'peer_and_client'], v.review::text)
         > array_position(array['none', 'peer', 'peer_and_client'], i.review::text)
     limit 1;
  end if;
  if found then
    raise exception 'Draft % %', wrong.id, wrong.text using errcode = 'DU006',
      hint = 'Submit it and let a second person approve it.';
  end if;
end $$;

-- A span is what keeps a recurring or one-off charge from being billed twice: its line has one (law 5).
create function check_issued_spans(issued bigint[]) returns void language plpgsql as $$
declare
  wrong record;
begin
  with fixed as materialized (
    select id, invoice_id, position, charge_id from invoice_line
     where invoice_id = any(issued) and kind in ('recurring', 'one_off')
  )
  select l.invoice_id, l.position into wrong from fixed l
   where not exists (select from charge_span s where s.line_id = l.id and s.charge_id = l.charge_id)
   limit 1;
  if found then
    raise exception 'Line % of draft % does not say which days of its charge it bills', wrong.position, wrong.invoice_id
      using errcode = 'DU005';
  end if;
end $$;

create trigger issue_obeys after update on invoice referencing new table as after_issue
  for each statement execute function issue_obeys();

-- A run's scope, dates and cut-off are frozen when it is launched, and so are the accounts of its partitions.
create trigger bill_run_fixed before update on bill_run for each row
  when (to_jsonb(old) - 'state' is distinct from to_jsonb(new) - 'state')
  execute function refuse_this_change('all but the state');
create trigger bill_run_partition_fixed before update on bill_run_partition for each row
  when ((old.id, old.run_id, old.ordinal, old.accounts) is distinct from (new.id, new.run_id, new.ordinal, new.accounts))
  execute function refuse_this_change('the accounts');

-- A finding is set aside in one's own name.
create function waived_by_actor() returns trigger language plpgsql as $$
begin
  if not exists (select from app_user where id = new.waived_by_id and login = acting() and is_active) then
    raise exception 'A finding is waived in one''s own name' using errcode = 'DU006';
  end if;
  return new;
end $$;

create trigger waiver_by_actor before insert on waiver for each row execute function waived_by_actor();
