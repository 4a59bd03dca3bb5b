-- Evidence of a line stays as it is while the line stands (law 3): the annex of an issued document prints it.
create function work_stays_as_billed() returns trigger language plpgsql as $$
begin
  if exists (select from work_allocation where work_item_id = old.id and not released) then
    raise exception 'Work item % is on a draft or invoice and cannot change', old.id using errcode = 'DU005',
      hint = 'Discard the draft, or credit the invoice and release the work.';
  end if;
  return new;
end $$;

create trigger work_item_stays_as_billed before update on work_item for each row
  when ((old.kind, old.agreement_id, old.charge_id, old.project_id, old.person_id, old.project_name, old.person_name,
         old.role, old.task, old.description, old.worked_on, old.quantity, old.cost, old.cost_currency, old.share, old.billable,
         old.withdrawn, old.approved_by_id)
        is distinct from
        (new.kind, new.agreement_id, new.charge_id, new.project_id, new.person_id, new.project_name, new.person_name,
         new.role, new.task, new.description, new.worked_on, new.quantity, new.cost, new.cost_currency, new.share, new.billable,
         new.withdrawn, new.approved_by_id))
  execute function work_stays_as_billed();
create trigger work_item_kept before delete or truncate on work_item
  for each statement execute function refuse_change();

-- When work was approved is the transaction's own id, so that a bill run's cut-off cannot be dodged.
create function approved_in_this_transaction() returns trigger language plpgsql as $$
begin
  raise exception 'Work is approved in the transaction that says so' using errcode = 'DU012';
end $$;

create trigger work_item_approved_now before update on work_item for each row
  when (new.approved_in is distinct from old.approved_in and new.approved_in <> pg_current_xact_id())
  execute function approved_in_this_transaction();
create trigger work_item_added_now before insert on work_item for each row
  when (new.approved_in <> pg_current_xact_id()) execute function approved_in_this_transaction();
