-- A message is sent as it was queued; only its delivery state moves.
create function message_as_queued() returns trigger language plpgsql as $$
begin
  if to_jsonb(new) - 'state' is distinct from to_jsonb(old) - 'state' or old.state = 'sent' then
    raise exception 'Message % is never changed; only its delivery state moves', old.id using errcode = 'DU003';
  end if;
  return new;
end $$;

create trigger message_as_queued before update on message for each row execute function message_as_queued();
create trigger message_kept before delete or truncate on message for each statement execute function refuse_change();
