-- The terms of an event as one array, in order; null for none; or the error's message.
create function terms(fields text[], event jsonb) returns jsonb
language plpgsql as $$
begin
    return (select jsonb_agg(term order by term) from newterm.terms(fields, event) as term);
exception when others then
    return to_jsonb(sqlerrm);
end $$;

-- The outcome of a filter: true, false, or the error's message.
create function outcome(filter text, event jsonb, language text default 'datadog') returns text
language plpgsql as $$
begin
    return newterm.test_filter(filter, event, language)::text;
exception when others then
    return sqlstate || ' ' || sqlerrm;
end $$;

-- Where a filter is refused; null where it is not, or not for its syntax.
create function refused_at(filter text, language text default 'datadog') returns int
language plpgsql as $$
begin
    perform newterm.test_filter(filter, '{}', language);
    return null;
exception when sqlstate 'NT001' then
    return substring(sqlerrm from '^syntax error in filter at position (\d+): .')::int;
end $$;
