-- what a rule has that is not the default
create function settings(name text) returns jsonb language sql as $$
	select jsonb_object_agg(d.key, d.value) from newterm.rules r, jsonb_each(newterm.rule_definition(r)) d
	where r.name = settings.name
		and d.value is distinct from newterm.rule_definition(newterm.described_rule('{"name": "", "fields": []}')) -> d.key
$$;
-- import_rules(), and what the rules became
create function import(document text) returns table (rule text, outcome text, detail text, settings text) language plpgsql as $$
begin
	return query select i.*, replace(jsonb_pretty(settings(i.rule)), E'\n    ', E'\n') from newterm.import_rules(document) i;
end
$$;
