-- import_rules: Datadog's rules, every key of theirs that says something here.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';

\getenv inputdir PG_ABS_SRCDIR
\set imports :inputdir '/lib/import_rules.sql'
\i :imports
\x on
\pset format unaligned

-- 1. as the API and the rule editor export it
select * from import('{
	"id": "abc-def-ghi", "version": 3, "createdAt": 1700000000000, "isDefault": false, "isBeta": false, "isDeleted": false,
	"name": "New user in AWS console", "isEnabled": true, "type": "log_detection", "hasExtendedTitle": true,
	"queries": [{"query": "source:cloudtrail @evt.name:ConsoleLogin @responseElements.ConsoleLogin:Success", "groupByFields": ["@recipientAccountId"],
		"hasOptionalGroupByFields": false, "distinctFields": [], "metric": "@userIdentity.arn", "metrics": ["@userIdentity.arn"],
		"aggregation": "new_value", "name": "", "dataSource": "logs", "index": "*"}],
	"options": {"detectionMethod": "new_value", "evaluationWindow": 0, "keepAlive": 3600, "maxSignalDuration": 86400,
		"newValueOptions": {"forgetAfter": 28, "learningDuration": 7, "learningMethod": "duration", "learningThreshold": 0}},
	"cases": [{"name": "", "status": "high", "notifications": []}],
	"message": "## Goal\nTell of {{@userIdentity.arn}} in {{@recipientAccountId}}.", "tags": ["source:cloudtrail", "tactic:TA0001-initial-access"],
	"filters": []}');
-- 2. metric instead of metrics; no group: one baseline
select * from import('{"name": "metric", "queries": [{"query": "@evt.name:X", "metric": "@awsRegion", "aggregation": "new_value"}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 7, "learningDuration": 1}}, "cases": [{"status": "LOW"}]}');
-- 3. several metrics are a tuple; optional groups
select * from import('{"name": "tuple", "queries": [{"query": "*", "groupByFields": ["@usr.id", "@network.client.ip"], "hasOptionalGroupByFields": true,
	"metrics": ["@evt.name", "@awsRegion"], "aggregation": "new_value"}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 14, "learningDuration": 7}}, "cases": [{"status": "info"}]}');
-- 4. learning the first values of each group
select * from import('{"name": "threshold", "queries": [{"query": "@a:b", "groupByFields": ["@g"], "metrics": ["@m"]}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 2, "learningMethod": "threshold", "learningThreshold": 1}},
	"cases": [{"status": "medium"}]}');
-- 5. threshold 0, without groups: everything new tells
select * from import('{"name": "threshold 0", "queries": [{"query": "@a:b", "metrics": ["@m"]}],
	"options": {"newValueOptions": {"forgetAfter": 21, "learningMethod": "threshold", "learningThreshold": 0}}, "cases": [{"status": "critical"}]}');
-- 6. a duration of 0: the first value is learned
select * from import('{"name": "duration 0", "queries": [{"query": "@a:b", "groupByFields": ["@g"], "metrics": ["@m"]}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 1, "learningDuration": 0, "learningMethod": "duration"}}, "cases": [{"status": "medium"}]}');
-- 7. a baseline from the past
select * from import('{"name": "instantaneous", "queries": [{"query": "@a:b", "metrics": ["@m"]}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 28, "learningDuration": 7, "instantaneousBaseline": true}}, "cases": [{"status": "medium"}]}');
-- 8. filters and excluded data
select * from import('{"name": "filters", "queries": [{"query": "@a:b OR @a:c", "metrics": ["@m"]}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 28, "learningDuration": 7}}, "cases": [{"status": "medium"}],
	"filters": [{"action": "require", "query": "@awsRegion:(eu-* OR us-*)"}, {"action": "suppress", "query": "@userIdentity.type:AWSService"}, {"action": "suppress", "query": " "}],
	"suppressions": [{"name": "scanner", "enabled": true, "data_exclusion_query": "@usr.id:scanner"}, {"enabled": false, "data_exclusion_query": "@off:*"},
		{"type": "suppressions", "attributes": {"name": "night job", "suppression_query": "@usr.id:night"}}]}');
-- 9. who is told, several cases
select * from import('{"name": "cases", "queries": [{"query": "@a:b", "metrics": ["@m"]}],
	"options": {"detectionMethod": "new_value", "decreaseCriticalityBasedOnEnv": true, "newValueOptions": {"forgetAfter": 28, "learningDuration": 7}},
	"cases": [{"name": "a", "status": "critical", "notifications": ["@slack-soc", "@pagerduty"]}, {"name": "b", "status": "low", "condition": "a > 5", "notifications": ["@slack-soc"]}]}');
-- 10. signals grouped by part of the groups
select * from import('{"name": "grouped", "queries": [{"query": "@a:b", "groupByFields": ["@account", "@usr.id"], "metrics": ["@m"]}], "groupSignalsBy": ["@account"],
	"options": {"detectionMethod": "new_value", "keepAlive": 600, "maxSignalDuration": 3600, "newValueOptions": {"forgetAfter": 28, "learningDuration": 7}}, "cases": [{"status": "medium"}]}');
-- 11. … and by something else
select * from import('{"name": "grouped otherwise", "queries": [{"query": "@a:b", "groupByFields": ["@account"], "metrics": ["@m"]}], "groupSignalsBy": ["@usr.id"],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 28, "learningDuration": 7}}, "cases": [{"status": "medium"}]}');
-- 12. a message with what newterm has no words for
select * from import('{"name": "message", "queries": [{"query": "@a:b", "metrics": ["@m"]}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 28, "learningDuration": 7}}, "cases": [{"status": "medium"}],
	"message": "{{#is_alert}}New {{ @userIdentity.arn }} from {{@requestParameters.\"a.b\".c}} on {{host}}{{/is_alert}} {{@a..b}} {{", "customName": "message", "customMessage": null}');
-- 13. two queries are two rules
select * from import('{"name": "two", "queries": [{"query": "@a:b", "metrics": ["@m"], "name": "first", "index": "security"}, {"query": "@a:c", "metrics": ["@n"], "groupByFields": ["@g"], "aggregation": "new_value"}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 28, "learningDuration": 7}}, "cases": [{"status": "medium"}], "isEnabled": false}');
-- 14. reference tables
select * from import('{"name": "tables", "queries": [{"query": "@a:b", "metrics": ["@m"]}],
	"referenceTables": [{"tableName": "bad_ips", "columnName": "ip", "logFieldPath": "@network.client.ip", "checkPresence": true, "ruleQueryName": "a"},
		{"tableName": "our_users", "columnName": "name", "logFieldPath": "@usr.name", "checkPresence": false}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 28, "learningDuration": 7}}, "cases": [{"status": "medium"}]}');
-- 15. neither cases nor forgetAfter nor a message; of the list API, an envelope
select * from import('{"data": [{"id": "x", "type": "security_rule", "attributes": {"name": "bare", "queries": [{"query": "", "metric": "@m"}], "options": {"newValueOptions": {"learningDuration": 7}}}}], "meta": {"page": {}}}');
-- 16. bulk export: files behind each other, or an array
select rule, outcome from import('{
  "name": "bulk 1", "queries": [{"query": "@a:b", "metrics": ["@m"]}],
  "options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 28, "learningDuration": 7}},
  "cases": [{"status": "medium"}]
}
{
  "name": "bulk 2", "queries": [{"query": "@a:b", "metrics": ["@m"]}],
  "options": {"detectionMethod": "threshold", "evaluationWindow": 300},
  "cases": [{"status": "medium"}]
}');
\x off
\pset format aligned
-- the rules do what they say
select newterm.test_filter(filter, '{"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success"}}') as yes,
	newterm.test_filter(filter, '{"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}') as no from newterm.rules where name = 'New user in AWS console';
select newterm.test_filter(filter, '{"a": "c", "awsRegion": "eu-west-1", "userIdentity": {"type": "IAMUser"}}') as yes,
	newterm.test_filter(filter, '{"a": "c", "awsRegion": "sa-east-1"}') as no_require,
	newterm.test_filter(filter, '{"a": "c", "awsRegion": "eu-west-1", "userIdentity": {"type": "AWSService"}}') as no_suppress,
	newterm.test_filter(filter, '{"a": "d", "awsRegion": "eu-west-1"}') as no_query from newterm.rules where name = 'filters';
-- its suppression mutes, and is not in the filter; again, nothing; changed, another one takes its place
select name, kind, filter, rules, starts_at, expires_at is null as for_ever from newterm.suppressions order by 1;
create function with_suppression(query text, more text default '') returns table (outcome text, detail text) language sql as $$
	select outcome, detail from newterm.import_rules(format('{"name": "muted", "queries": [{"query": "@a:b", "metrics": ["@m"]}], "options": {"detectionMethod": "new_value",
		"newValueOptions": {"forgetAfter": 28, "learningDuration": 7}}, "cases": [{"status": "medium"}], "suppressions": [{"name": "own", "suppression_query": %s %s}]}', to_json(query), more)) $$;
select * from with_suppression('@usr.id:night');
select * from with_suppression('@usr.id:night');
select * from with_suppression('@usr.id:day', ', "expiration_date": 4102444800000, "start_date": 1700000000000, "description": "until 2100"');
select * from with_suppression('@usr.id:day', ', "expiration_date": 4102444800000, "start_date": 1700000000000');
select * from with_suppression('@usr.id:off', ', "enabled": false');
select * from with_suppression('@usr.id:past', ', "expiration_date": 1700000000000');
select * from with_suppression('a:(');
select name, filter, starts_at, expires_at <= now() as ended, reason from newterm.suppressions where name like 'own%' order by 1;
-- again changes nothing; a change is an update
select rule, outcome, detail from newterm.import_rules('{"name": "metric", "queries": [{"query": "@evt.name:X", "metric": "@awsRegion", "aggregation": "new_value"}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 7, "learningDuration": 1}}, "cases": [{"status": "LOW"}]}');
select rule, outcome, detail from newterm.import_rules('{"name": "metric", "queries": [{"query": "@evt.name:X", "metric": "@awsRegion", "aggregation": "new_value"}],
	"options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 14, "learningDuration": 1}}, "cases": [{"status": "high"}]}');

-- refused, each with its reason
select * from newterm.import_rules('[
	{"name": "threshold", "queries": [{"query": "a", "aggregation": "count"}], "options": {"detectionMethod": "threshold"}, "cases": []},
	{"name": "no method", "queries": [{"query": "a"}], "options": {}, "cases": []},
	{"name": "impossible travel", "queries": [{"query": "a"}], "options": {"detectionMethod": "impossible_travel"}},
	{"name": "signals", "type": "signal_correlation", "queries": [{}], "options": {"detectionMethod": "new_value"}},
	{"name": "cloud", "type": "cloud_configuration", "queries": [], "options": {}},
	{"name": "deleted", "isDeleted": true, "queries": [{"query": "a", "metric": "@m"}], "options": {"detectionMethod": "new_value"}},
	{"name": "calculated", "calculatedFields": [{"name": "x"}], "queries": [{"query": "a", "metric": "@x"}], "options": {"detectionMethod": "new_value"}},
	{"name": "no queries", "queries": [], "options": {"detectionMethod": "new_value"}},
	{"name": "no metric", "queries": [{"query": "@a:b", "metrics": [], "metric": ""}], "options": {"detectionMethod": "new_value"}},
	{"name": "sums", "queries": [{"query": "@a:b", "metric": "@m", "aggregation": "sum"}], "options": {"detectionMethod": "new_value"}},
	{"name": "spans", "queries": [{"query": "@a:b", "metric": "@m", "dataSource": "app_sec_spans"}], "options": {"detectionMethod": "new_value"}},
	{"name": "full text", "queries": [{"query": "denied", "metric": "@m"}], "options": {"detectionMethod": "new_value"}},
	{"name": "bad query", "queries": [{"query": "@a:(b", "metric": "@m"}], "options": {"detectionMethod": "new_value"}},
	{"name": "bad action", "queries": [{"query": "@a:b", "metric": "@m"}], "filters": [{"action": "drop", "query": "@a:b"}], "options": {"detectionMethod": "new_value"}},
	{"name": "bad status", "queries": [{"query": "@a:b", "metric": "@m"}], "cases": [{"status": "urgent"}], "options": {"detectionMethod": "new_value"}},
	{"name": "bad method", "queries": [{"query": "@a:b", "metric": "@m"}], "options": {"detectionMethod": "new_value", "newValueOptions": {"learningMethod": "luck"}}},
	{"name": "types 1", "queries": {"query": "@a:b"}, "options": {"detectionMethod": "new_value"}},
	{"name": "types 2", "queries": ["@a:b"], "options": {"detectionMethod": "new_value"}},
	{"name": "types 3", "queries": [{"query": 7, "metric": "@m"}], "options": {"detectionMethod": "new_value"}},
	{"name": "types 4", "queries": [{"query": "@a:b", "metrics": "@m"}], "options": {"detectionMethod": "new_value"}},
	{"name": "types 5", "queries": [{"query": "@a:b", "metrics": ["@m"], "groupByFields": [1]}], "options": {"detectionMethod": "new_value"}},
	{"name": "types 6", "queries": [{"query": "@a:b", "metric": "@m"}], "options": {"detectionMethod": "new_value", "keepAlive": "1h"}},
	{"name": "types 7", "queries": [{"query": "@a:b", "metric": "@m"}], "options": {"detectionMethod": "new_value", "keepAlive": -1}},
	{"name": "types 8", "queries": [{"query": "@a:b", "metric": "@m"}], "options": {"detectionMethod": "new_value", "newValueOptions": {"forgetAfter": 1e30}}},
	{"name": "types 9", "queries": [{"query": "@a:b", "metric": "@m"}], "options": {"detectionMethod": "new_value", "newValueOptions": {"learningMethod": "threshold", "learningThreshold": 0.5}}},
	{"name": "types 10", "queries": [{"query": "@a:b", "metric": "@m"}], "options": []},
	{"name": "types 11", "queries": [{"query": "@a:b", "metric": "@m"}], "tags": {"a": "b"}, "options": {"detectionMethod": "new_value"}},
	{"name": "types 12", "queries": [{"query": "@a:b", "metric": "@m"}], "isEnabled": "yes", "options": {"detectionMethod": "new_value"}},
	{"name": {"a": 1}, "queries": [{"query": "@a:b", "metric": "@m"}], "options": {"detectionMethod": "new_value"}},
	{"queries": [{"query": "@a:b", "metric": "@m"}], "options": {"detectionMethod": "new_value"}},
	{"name": "many fields", "queries": [{"query": "@a:b", "metrics": ["a", "b", "c", "d", "e", "f", "g", "h", "i"]}], "options": {"detectionMethod": "new_value"}},
	{"name": "long", "queries": [{"query": "@a:b", "metric": "@m"}], "message": "' || repeat('x', 100001) || '", "options": {"detectionMethod": "new_value"}}]');
select count(*) from newterm.rules;
-- deep inside a rule, and 10 MB of one
select rule, outcome, left(detail, 80) from newterm.import_rules('{"name": "deep", "queries": [{"query": ' || repeat('[', 3000) || repeat(']', 3000) || '}], "options": {"detectionMethod": "new_value"}}');
select rule, outcome, left(detail, 80) from newterm.import_rules('{"name": "large", "queries": [{"query": "@a:(' || repeat('xxxxxxxx OR ', 900000) || 'y)", "metric": "@m"}], "options": {"detectionMethod": "new_value"}}');
