-- import_rules: Sumo Logic's First Seen rules, as far as they say the same.
\set SHOW_CONTEXT never
create extension newterm;
set timezone = 'UTC';
\getenv inputdir PG_ABS_SRCDIR
\set imports :inputdir '/lib/import_rules.sql'
\i :imports
\x on
\pset format unaligned

-- 1. as the API has it
select * from import($$ {"id": "FIRST-U00001", "name": "First seen region of a user", "ruleType": "first seen", "enabled": true, "isPrototype": false,
	"filterExpression": "metadata_vendor = 'Amazon AWS' AND metadata_product = 'CloudTrail' AND action = 'RunInstances' AND success = true",
	"valueFields": ["cloud_region"], "groupByFields": ["accountId"], "baselineType": "PER_ENTITY", "baselineWindowSize": 1209600000, "retentionWindowSize": 7776000000,
	"entitySelectors": [{"entityType": "_username", "expression": "user_username"}], "scoreMapping": {"type": "constant", "default": 3},
	"nameExpression": "New region {{cloud_region}} of {{user_username}}", "descriptionExpression": "By {{ http_userAgent }} and {{nothing_known}}.", "summaryExpression": "{{user_username}} was in {{cloud_region}}",
	"tags": ["_mitreAttackTactic:TA0005"], "suppressionWindowSize": 86400000} $$);
-- 2. as Terraform has it; one baseline for all; a prototype
select * from import($$ {"name": "snake", "filter_expression": "metadata_deviceEventId = 'AwsConsoleSignIn-ConsoleLogin' and fields[\"userIdentity.type\"] in ('Root', 'IAMUser')", "value_fields": ["srcDevice_ip"],
	"baseline_type": "GLOBAL", "baseline_window_size": "604800000", "retention_window_size": "2592000000", "severity": 9, "is_prototype": true, "enabled": false,
	"entity_selectors": [{"entity_type": "_ip", "expression": "srcDevice_ip"}], "name_expression": "n", "description_expression": "d"} $$);
-- 3. every kind of comparison
select * from import($$ {"name": "comparisons", "valueFields": ["fields['requestParameters.roleArn']"], "baselineWindowSize": 86400000, "retentionWindowSize": 86400000, "severity": 1,
	"filterExpression": "(action != 'A' OR NOT action like 'Get%') AND http_userAgent not like '%Mozilla/5.0 (X11%' AND errorCode is null AND accountId is not null AND matchesWildcard(cloud_service, '*.amazonaws.com') AND cloud_region not in ('a \"b\"', 'c') AND fields['requestParameters.maxResults'] >= 5 AND metadata_deviceEventId != 'AwsApiCall-B'",
	"tuningExpressions": ["x"]} $$);
\x off
\pset format aligned
select e ->> 'n' as n, newterm.test_filter(r.filter, e) from newterm.rules r, (values
	('{"n": 1, "eventName": "B", "recipientAccountId": "1", "eventSource": "s3.amazonaws.com", "awsRegion": "d", "userAgent": "x", "requestParameters": {"maxResults": 7}, "eventType": "AwsApiCall"}'::jsonb),
	('{"n": 2, "eventName": "C", "recipientAccountId": "1", "eventSource": "s3.amazonaws.com", "awsRegion": "d", "userAgent": "x", "requestParameters": {"maxResults": 7}, "eventType": "AwsApiCall"}'),
	('{"n": 3, "eventName": "C", "recipientAccountId": "1", "eventSource": "s3.amazonaws.com", "awsRegion": "c", "userAgent": "x", "requestParameters": {"maxResults": 7}}'),
	('{"n": 4, "eventName": "C", "recipientAccountId": "1", "eventSource": "s3.amazonaws.com", "awsRegion": "d", "userAgent": "a Mozilla/5.0 (X11; x", "requestParameters": {"maxResults": 7}}'),
	('{"n": 5, "eventName": "C", "recipientAccountId": "1", "eventSource": "s3.amazonaws.com", "awsRegion": "d", "userAgent": "x", "requestParameters": {"maxResults": 4}}'),
	('{"n": 6, "eventName": "C", "recipientAccountId": "1", "eventSource": "s3.amazonaws.com", "awsRegion": "d", "userAgent": "x", "errorCode": "x", "requestParameters": {"maxResults": 7}}')) v (e)
where r.name = 'comparisons' order by 1;
-- again changes nothing
select rule, outcome, detail from newterm.import_rules($$ {"data": {"objects": [{"name": "again", "filterExpression": "action = 'A'", "valueFields": ["action"], "baselineWindowSize": 1000, "retentionWindowSize": 86400000}], "total": 1}} $$);
select rule, outcome, detail from newterm.import_rules($$ {"name": "again", "filterExpression": "action = 'A'", "valueFields": ["action"], "baselineWindowSize": 1000, "retentionWindowSize": 86400000} $$);

-- refused, each with its reason
select r.* from (values
	('{"name": "no values", "filterExpression": "action = ''A''"}'), ('{"name": "attribute", "valueFields": ["device_hostname"], "filterExpression": "action = ''A''"}'),
	('{"name": "list", "valueFields": ["action"], "filterExpression": "array_contains(listMatches, ''admins'')"}'), ('{"name": "regex", "valueFields": ["action"], "filterExpression": "action rlike ''A.*''"}'),
	('{"name": "open", "valueFields": ["action"], "filterExpression": "(action = ''A''"}'), ('{"name": "quote", "valueFields": ["action"], "filterExpression": "action = ''A"}'),
	('{"name": "window", "valueFields": ["action"], "filterExpression": "action = ''A''", "baselineWindowSize": "a week"}'), ('{"name": "types", "valueFields": "action", "filterExpression": "action = ''A''"}'),
	('{"name": "score", "valueFields": ["action"], "filterExpression": "action = ''A''", "severity": "high"}'), ('{"name": "entities", "valueFields": ["action"], "filterExpression": "action = ''A''", "baselineType": "PER_ENTITY", "entitySelectors": ["x"]}'),
	('{"name": "short", "valueFields": ["action"], "filterExpression": "action = ''A''", "retentionWindowSize": 1000}')) v (document), newterm.import_rules(document) r;
