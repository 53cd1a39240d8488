-- A watched table, and what somebody did at a time of 2024 (MM-DD"T"HH24:MI) as an event.
create table calls (event jsonb);
select newterm.watch('calls');
create function call(at text, who text, what text) returns jsonb language sql as $$
    select jsonb_build_object('eventID', what || ' by ' || who || ' at ' || at, 'eventTime', '2024-' || at || ':00Z', 'eventName', what, 'who', who)
$$;
