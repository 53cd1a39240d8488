-- import_rules: Elastic's new_terms rules, from Kibana's exports and in detection-rules' form.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';

\getenv inputdir PG_ABS_SRCDIR
\set imports :inputdir '/lib/import_rules.sql'
\i :imports
\x on
\pset format unaligned

-- 1. Kibana's export: a rule on a line, a summary on the last
select * from import('{"id":"0b1e","updated_at":"2025-01-01T00:00:00.000Z","updated_by":"a","created_at":"2025-01-01T00:00:00.000Z","created_by":"a","name":"First time a user calls GetFederationToken","tags":["Domain: Cloud","Data Source: AWS"],"interval":"5m","enabled":true,"revision":0,"description":"A federated session.","risk_score":47,"severity":"medium","note":"## Triage\nAsk {{user.name}}.","license":"","output_index":"","author":[],"false_positives":["Brokers of your own."],"from":"now-6m","rule_id":"r-1","max_signals":100,"risk_score_mapping":[],"severity_mapping":[],"threat":[{"framework":"MITRE ATT&CK","tactic":{"id":"TA0005","name":"Defense Evasion","reference":"https://attack.example"},"technique":[{"id":"T1550","name":"x","reference":"x","subtechnique":[{"id":"T1550.001","name":"y","reference":"y"}]}]}],"to":"now","references":["https://example.com/a"],"version":3,"exceptions_list":[],"immutable":false,"related_integrations":[],"required_fields":[],"setup":"Needs the trail.","type":"new_terms","query":"event.dataset: \"aws.cloudtrail\" and event.provider: sts.amazonaws.com and event.action: GetFederationToken","new_terms_fields":["aws.cloudtrail.user_identity.arn"],"history_window_start":"now-10d","index":["filebeat-*","logs-aws.cloudtrail-*"],"filters":[],"language":"kuery","actions":[]}
{"exported_count":1,"exported_rules_count":1,"missing_rules":[],"missing_rules_count":0,"exported_exception_list_count":0}');
-- 2. detection-rules' TOML in JSON form
select * from import('{"metadata": {"creation_date": "2024/01/01", "integration": ["aws"], "maturity": "production"}, "rule": {"author": ["x"], "description": "d", "from": "now-9m",
	"index": ["logs-aws.cloudtrail-*"], "language": "kuery", "license": "x", "name": "toml", "risk_score": 21, "rule_id": "r-2", "severity": "low", "timestamp_override": "event.ingested",
	"type": "new_terms", "query": "\nevent.action: \"RunInstances\"\n",
	"new_terms": {"field": "new_terms_fields", "value": ["cloud.account.id", "user.name"], "history_window_start": [{"field": "history_window_start", "value": "now-14d"}]}}}');
-- 3. filters: phrase, phrases, exists, range, negated, switched off, older forms
select * from import('{"rule_id": "r-3", "name": "filters", "type": "new_terms", "severity": "high", "query": "event.action: A or event.action: B", "new_terms_fields": ["cloud.region"], "history_window_start": "now-7d",
	"filters": [{"meta": {"negate": false, "type": "phrase", "key": "event.outcome"}, "query": {"match_phrase": {"event.outcome": "success"}}},
		{"meta": {"negate": true, "type": "phrases"}, "query": {"bool": {"should": [{"match_phrase": {"cloud.region": "us-east-1"}}, {"match_phrase": {"cloud.region": {"query": "eu \"west\" 1"}}}], "minimum_should_match": 1}}},
		{"meta": {"type": "exists"}, "query": {"exists": {"field": "user.id"}}},
		{"meta": {"type": "exists", "negate": true}, "exists": {"field": "aws.cloudtrail.error_code"}, "$state": {"store": "appState"}},
		{"meta": {"type": "range"}, "query": {"range": {"source.ip": {"gte": "10.0.0.0", "lt": "10.1.0.0"}}}},
		{"meta": {"disabled": true}, "query": {"script": {}}},
		{"query": {"terms": {"event.provider": ["s3.amazonaws.com", "sts.amazonaws.com"]}}}]}');
-- 4. filters of the query DSL: bool, wildcard, prefix, term, match_all
select * from import('{"rule_id": "r-4", "name": "dsl", "type": "new_terms", "severity": "high", "query": "", "new_terms_fields": ["cloud.region"], "history_window_start": "now-1w",
	"filters": [{"query": {"bool": {"must": [{"term": {"event.action": {"value": "A"}}}], "filter": {"wildcard": {"user_agent.original": {"value": "aws cli*"}}},
			"must_not": [{"prefix": {"user.name": "svc-"}}, {"match": {"cloud.region": "x"}}]}}},
		{"query": {"match_all": {}}}]}');
-- 5. Lucene
select * from import('{"rule_id": "r-5", "name": "lucene", "type": "new_terms", "severity": "low", "language": "lucene", "new_terms_fields": ["user.id"], "history_window_start": "now-30d",
	"query": "event.action:(CreateUser OR \"DeleteUser\") AND NOT user.name:svc* AND _exists_:source.ip AND source.ip:[10.0.0.0 TO 10.0.0.255]"}');
-- 6. alerts suppressed by a field of the terms
select * from import('{"rule_id": "r-6", "name": "suppressed", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id", "event.action"], "history_window_start": "now-7d",
	"alert_suppression": {"group_by": ["user.id"], "duration": {"value": 5, "unit": "h"}, "missing_fields_strategy": "suppress"}}');
-- 7. … by another field, 8. … within a run
select * from import('{"rule_id": "r-7", "name": "suppressed otherwise", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d",
	"alert_suppression": {"group_by": ["cloud.account.id"], "duration": {"value": 5, "unit": "m"}}}
{"rule_id": "r-8", "name": "suppressed in a run", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d", "alert_suppression": {"group_by": ["user.id"]}}');
-- 9. exceptions that come along: every kind, one that has ended, one that will
select * from import('{"rule_id": "r-9", "name": "exceptions", "type": "new_terms", "severity": "critical", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d",
	"exceptions_list": [{"id": "1", "list_id": "ex-9", "type": "rule_default", "namespace_type": "single"}]}
{"id": "1", "list_id": "ex-9", "type": "rule_default", "name": "exceptions of r-9", "description": "d"}
{"item_id": "i1", "list_id": "ex-9", "type": "simple", "name": "scanner", "entries": [{"field": "user.name", "operator": "included", "type": "match", "value": "scan\\ner \"x\""}, {"field": "source.ip", "operator": "excluded", "type": "exists"}]}
{"item_id": "i2", "list_id": "ex-9", "type": "simple", "name": "regions", "expire_time": "2999-01-01T00:00:00Z", "entries": [{"field": "cloud.region", "operator": "included", "type": "match_any", "value": ["a", "b"]}]}
{"item_id": "i3", "list_id": "ex-9", "type": "simple", "name": "ended", "expire_time": "2020-01-01T00:00:00Z", "entries": [{"field": "cloud.region", "operator": "included", "type": "match", "value": "c"}]}
{"item_id": "i4", "list_id": "ex-9", "type": "simple", "name": "agents", "entries": [{"field": "user_agent.original", "operator": "included", "type": "wildcard", "value": "aws-sdk (x) *"}]}
{"item_id": "i5", "list_id": "other", "type": "simple", "name": "another''s", "entries": [{"field": "cloud.region", "operator": "included", "type": "match", "value": "z"}]}
{"exported_count": 7}');
-- 10. exceptions that are elsewhere
select * from import('{"rule_id": "r-10", "name": "exceptions elsewhere", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d", "exceptions_list": [{"list_id": "shared"}]}');
-- 11. what newterm does by other means
select * from import('{"rule_id": "r-11", "name": "means", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d", "enabled": false,
	"actions": [{"action_type_id": ".slack"}], "response_actions": [{"x": 1}], "severity_mapping": [{"field": "event.severity", "value": "5", "severity": "high"}], "risk_score_mapping": [{"field": "x"}], "rule_name_override": "event.action"}');
-- 12. a building block
select * from import('{"rule_id": "r-12", "name": "block", "type": "new_terms", "building_block_type": "default", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d"}');
-- 13. short and long histories
select rule, outcome, detail, settings::jsonb - '{name,filter,fields,language,severity}'::text[] as settings from import('
{"rule_id": "a", "name": "h 30s", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-30s"}
{"rule_id": "b", "name": "h 45m", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-45m/m"}
{"rule_id": "c", "name": "h 2M", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-2M"}
{"rule_id": "d", "name": "h 1y", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-1y"}');
-- 14. several tactics and techniques, no query, an array of rules
select * from import('[{"rule_id": "r-14", "name": "threats", "type": "new_terms", "severity": "high", "risk_score": 73.5, "new_terms_fields": ["user.id"], "history_window_start": "now-7d",
	"threat": [{"tactic": {"id": "TA0001"}, "technique": [{"id": "T1078"}, {"id": "T1199"}]}, {"tactic": {"id": "TA0003"}, "technique": []}]}]');
-- 15. values that need care in KQL
select * from import('{"rule_id": "r-15", "name": "values", "type": "new_terms", "severity": "high", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d",
	"filters": [{"query": {"match_phrase": {"aws.cloudtrail.read_only": false}}}, {"query": {"match_phrase": {"user.name": "CORP\\bob \"the\" (builder) and *"}}}]}');
\x off
\pset format aligned
-- the rules do what they say
select e ->> 'n' as n, newterm.test_filter(r.filter, e, 'kql') from newterm.rules r, (values
	('{"n": 1, "eventName": "A", "sourceIPAddress": "10.0.3.4", "eventSource": "s3.amazonaws.com", "awsRegion": "eu-west-1", "userIdentity": {"type": "IAMUser", "principalId": "x", "userName": "u"}}'::jsonb),
	('{"n": 2, "eventName": "A", "sourceIPAddress": "10.0.3.4", "eventSource": "s3.amazonaws.com", "awsRegion": "us-east-1", "userIdentity": {"type": "IAMUser", "principalId": "x", "userName": "u"}}'),
	('{"n": 3, "eventName": "A", "sourceIPAddress": "10.1.0.0", "eventSource": "s3.amazonaws.com", "awsRegion": "eu-west-1", "userIdentity": {"type": "IAMUser", "principalId": "x", "userName": "u"}}'),
	('{"n": 4, "eventName": "C", "sourceIPAddress": "10.0.3.4", "eventSource": "s3.amazonaws.com", "awsRegion": "eu-west-1", "userIdentity": {"type": "IAMUser", "principalId": "x", "userName": "u"}}'),
	('{"n": 5, "eventName": "B", "errorCode": "AccessDenied", "sourceIPAddress": "10.0.3.4", "eventSource": "s3.amazonaws.com", "awsRegion": "eu-west-1", "userIdentity": {"type": "IAMUser", "principalId": "x", "userName": "u"}}')) v (e)
where r.name = 'filters' order by 1;
select e ->> 'n' as n, newterm.test_filter(r.filter, e, 'kql') from newterm.rules r, (values
	('{"n": 1, "eventName": "A", "awsRegion": "d"}'::jsonb), ('{"n": 2, "eventName": "A", "awsRegion": "b"}'), ('{"n": 3, "eventName": "A", "awsRegion": "c"}'),
	('{"n": 4, "eventName": "A", "userAgent": "aws-sdk (x) 7"}'), ('{"n": 5, "eventName": "A", "userIdentity": {"type": "IAMUser", "userName": "scan\\ner \"x\""}}'),
	('{"n": 6, "eventName": "A", "sourceIPAddress": "10.0.0.1", "userIdentity": {"type": "IAMUser", "userName": "scan\\ner \"x\""}}')) v (e)
where r.name = 'exceptions' order by 1;
select newterm.test_filter(filter, '{"eventName": "A", "readOnly": false, "userIdentity": {"type": "IAMUser", "userName": "CORP\\bob \"the\" (builder) and *"}}', 'kql') from newterm.rules where name = 'values';
select e ->> 'n' as n, newterm.test_filter(r.filter, e, 'kql') from newterm.rules r, (values
	('{"n": 1, "eventName": "DeleteUser", "sourceIPAddress": "10.0.0.7", "userIdentity": {"type": "IAMUser", "userName": "u"}}'::jsonb),
	('{"n": 2, "eventName": "DeleteUser", "sourceIPAddress": "10.0.1.7", "userIdentity": {"type": "IAMUser", "userName": "u"}}'),
	('{"n": 3, "eventName": "DeleteUser", "sourceIPAddress": "10.0.0.7", "userIdentity": {"type": "IAMUser", "userName": "svc-u"}}'),
	('{"n": 4, "eventName": "GetUser", "sourceIPAddress": "10.0.0.7", "userIdentity": {"type": "IAMUser", "userName": "u"}}')) v (e)
where r.name = 'lucene' order by 1;

-- refused, each with its reason
create function refused(rule jsonb) returns table (rule_name text, outcome text, detail text) language sql as $$
	select * from newterm.import_rules(('{"rule_id": "x", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d"}'::jsonb || refused.rule)::text)
$$;
select r.* from (values
	('{"name": "eql", "type": "eql", "query": "any where true"}'::jsonb),
	('{"name": "esql", "language": "esql"}'), ('{"name": "no window", "history_window_start": null}'), ('{"name": "fixed window", "history_window_start": "2024-01-01T00:00:00Z"}'),
	('{"name": "far window", "history_window_start": "now-9999999d"}'), ('{"name": "too far window", "history_window_start": "now-999999y"}'),
	('{"name": "no fields", "new_terms_fields": []}'), ('{"name": "fields", "new_terms_fields": "user.id"}'), ('{"name": "unknown field", "new_terms_fields": ["process.name"]}'),
	('{"name": "bad query", "query": "event.action: ("}'), ('{"name": "query", "query": ["event.action: a"]}'),
	('{"name": "script", "filters": [{"query": {"script": {"source": "x"}}}]}'), ('{"name": "filters", "filters": {}}'), ('{"name": "filter", "filters": ["x"]}'), ('{"name": "empty filter", "filters": [{}]}'),
	('{"name": "two queries", "filters": [{"query": {"term": {"a": "b"}, "exists": {"field": "c"}}}]}'), ('{"name": "case", "filters": [{"query": {"wildcard": {"user.name": {"value": "a*", "case_insensitive": true}}}}]}'),
	('{"name": "question mark", "filters": [{"query": {"wildcard": {"user.name": "a?c"}}}]}'), ('{"name": "minimum", "filters": [{"query": {"bool": {"should": [{"match_all": {}}], "minimum_should_match": 2}}}]}'),
	('{"name": "value", "filters": [{"query": {"term": {"user.name": {"value": {"a": 1}}}}}]}'), ('{"name": "no values", "filters": [{"query": {"terms": {"user.name": []}}}]}'),
	('{"name": "severity", "severity": "urgent"}'), ('{"name": "threat", "threat": [{"technique": "T1"}]}'), ('{"name": "risk", "risk_score": "high"}'), ('{"name": "tags", "tags": [1]}'),
	('{"name": "suppression", "alert_suppression": []}'), ('{"name": "duration", "alert_suppression": {"group_by": ["user.id"], "duration": {"value": "5", "unit": "h"}}}'), ('{"name": "enabled", "enabled": 1}'),
	('{"name": "regex", "language": "lucene", "query": "user.name:/a.*/"}'), ('{"name": "fuzzy", "language": "lucene", "query": "user.name:abc~2"}'), ('{"name": "text", "language": "lucene", "query": "denied"}'),
	('{"name": "and or", "language": "lucene", "query": "event.action:a AND event.action:b OR event.action:c"}'), ('{"name": "implied", "language": "lucene", "query": "event.action:a event.action:b AND event.action:c"}'),
	('{"name": "open", "language": "lucene", "query": "event.action:(a OR b"}'), ('{"name": "closed", "language": "lucene", "query": "event.action:a)"}'), ('{"name": "plus", "language": "lucene", "query": "+event.action:a"}'),
	('{"rule_id": "nameless"}')) v (rule), refused(rule) r;
-- an exception of a value list, and a broken line among good ones
select * from newterm.import_rules('{"rule_id": "l", "name": "value list", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d", "exceptions_list": [{"list_id": "vl"}]}
{"item_id": "i1", "list_id": "vl", "name": "ips", "entries": [{"field": "source.ip", "operator": "included", "type": "list", "list": {"id": "ips", "type": "ip"}}]}
{"rule_id": "m", "name": "cut off", "type": "new_te
{"rule_id": "n", "name": "whole", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d"}');
-- deep inside a rule, deeper than the server's stack, and 10 MB of rules in one document
create function deep(depth integer) returns text language sql as $$
	select '{"rule_id": "x", "name": "deep", "type": "new_terms", "severity": "low", "query": "event.action: *", "new_terms_fields": ["user.id"], "history_window_start": "now-7d",
		"filters": [{"query": ' || repeat('{"bool": {"must": [', depth) || '{"match_all": {}}' || repeat(']}}', depth) || '}]}'
$$;
select * from newterm.import_rules(deep(500));
\set VERBOSITY sqlstate
select * from newterm.import_rules(deep(100000));
\set VERBOSITY default
select rule, outcome, left(detail, 80) as detail from newterm.import_rules('{"rule_id": "x", "name": "large", "type": "new_terms", "severity": "low", "query": "event.action: (' || repeat('xxxxxxxx or ', 900000) || 'y)", "new_terms_fields": ["user.id"], "history_window_start": "now-7d"}');
select outcome, left(detail, 60) as detail, count(*) from newterm.import_rules(repeat('{"rule_id": "x", "name": "many", "type": "eql", "description": "' || repeat('x', 10000) || E'"}\n', 1000)) group by 1, 2;
