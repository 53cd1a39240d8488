-- Signals in the formats of others: the mapping, what each schema requires, and events that mean harm.
\set SHOW_CONTEXT never
set timezone = 'America/New_York';
create extension newterm;
create table events (event jsonb);
select newterm.watch('events');
select newterm.create_rule('role calls', fields => '{eventName, requestParameters.roleName}', group_by => '{$principal}', learning => '0', learning_from => '2024-03-01',
	severity => 'high', title => '{{$principal}} calls {{eventName}}', message => E'First call of {{eventName}}\nin {{awsRegion}}',
	tags => '{attack.t1078.004, attack.initial_access, "tactic:TA0001-initial-access", T1098, "not T10 nor attack.t12345", cloudtrail}');
insert into events values ('{"eventVersion": "1.08", "eventTime": "2024-03-02T10:20:30Z", "eventID": "11111111-2222-3333-4444-555555555555",
	"eventSource": "iam.amazonaws.com", "eventName": "AttachRolePolicy", "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7",
	"userAgent": "aws-cli/2.15", "requestID": "req-1", "recipientAccountId": "111122223333", "errorCode": "AccessDenied", "errorMessage": "no & <never>",
	"requestParameters": {"roleName": "admin", "policyArn": null},
	"userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:me", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/me", "accountId": "111122223333",
		"sessionContext": {"sessionIssuer": {"type": "Role", "userName": "deploy", "arn": "arn:aws:iam::111122223333:role/deploy", "accountId": "111122223333"}}}}');
-- with times and identities of their own, so that this page can be written down
update newterm.signals set created_at = '2024-03-02T10:20:31.5Z', updated_at = '2024-03-02T10:20:31.5Z';
select newterm.number_changes();
update newterm.changes set uuid = '018dfeb1-0000-7000-8000-000000000001', changed_at = '2024-03-02T10:20:31.5Z';
create function said(format text, kind text default null) returns text language sql as
	$$ select jsonb_pretty(newterm.signal_as(1, format, kind, '018dfeb1-0000-7000-8000-000000000001')) $$;
\pset format unaligned
\pset tuples_only on
select said('newterm');
select said('slack');
select said('pagerduty');
select said('cloudevents');
select said('ecs');
select said('ocsf');
\pset format aligned
\pset tuples_only off

-- what OCSF 1.8.0 requires of a Detection Finding with the profiles cloud and incident, and of the objects in it
create table required (object jsonpath, attributes text[], least_one boolean);
insert into required values
	('$', '{activity_id, category_uid, class_uid, cloud, finding_info, metadata, severity_id, time, type_uid}', false),
	('$.metadata', '{product, version}', false),
	('$.metadata.product', '{name, uid}', true),
	('$.cloud', '{provider}', false),
	('$.**.account', '{name, uid}', true),
	('$.finding_info', '{uid}', false),
	('$.finding_info.analytic', '{type_id}', false),
	('$.finding_info.analytic', '{name, uid}', true),
	('$.finding_info.attacks[*]', '{tactic, technique, sub_technique}', true),
	('$.finding_info.attacks[*].*', '{name, uid}', true),
	('$.anomaly_analyses[*]', '{analysis_targets, anomalies}', false),
	('$.anomaly_analyses[*].analysis_targets[*]', '{name}', false),
	('$.anomaly_analyses[*].anomalies[*]', '{observation_parameter, observations}', false),
	('$.anomaly_analyses[*].anomalies[*].observations[*]', '{value}', false),
	('$.evidences[*]', '{actor, api, connection_info, data, database, databucket, device, dst_endpoint, email, file, process, query, resources,
		src_endpoint, url, user, job, script}', true),
	('$.evidences[*].api', '{operation}', false),
	('$.evidences[*].api.request', '{uid}', false),
	('$.evidences[*].api.service', '{name, uid}', true),
	('$.evidences[*].actor', '{process, user, invoked_by, session, app_name, app_uid}', true),
	('$.evidences[*].actor.user', '{account, name, uid}', true),
	('$.evidences[*].src_endpoint', '{ip, uid, name, hostname, svc_name, instance_uid, interface_uid, interface_name, domain}', true);
-- what a document lacks: none is right
create function lacks(document jsonb) returns table (object jsonpath, missing text[]) language sql as $$
	select r.object, array(select a from unnest(r.attributes) a where not found ? a)
	from required r cross join lateral jsonb_path_query(document - '{unmapped}'::text[], r.object) found
	where jsonb_typeof(found) = 'object' and not case when r.least_one then found ?| r.attributes else found ?& r.attributes end $$;
select * from lacks(newterm.signal_as(1, 'ocsf'));
-- the check finds what is missing
select count(*) from lacks(newterm.signal_as(1, 'ocsf') #- '{metadata,version}' #- '{evidences,0,api,operation}' #- '{finding_info,analytic,type_id}');

-- kinds and triage, as each tells them
create table stages (stage int, status text, archive_reason text, retracted_at timestamptz, kind text);
insert into stages values (1, 'open', null, null, 'new'), (2, 'under_review', null, null, 'update'), (3, 'open', null, null, 'amend'),
	(4, 'archived', 'false_positive', null, 'update'), (5, 'archived', 'true_positive_malicious', null, 'update'),
	(6, 'archived', 'testing_or_maintenance', null, 'update'), (7, 'archived', 'true_positive_benign', null, 'new'),
	(8, 'archived', 'other', null, 'update'), (9, 'archived', 'something else', null, 'update'), (10, 'open', null, now(), 'retract'), (11, 'open', null, null, 'retract');
create function staged() returns table (stage int, kind text, pagerduty text, slack text, ocsf text, type text, ecs text, cloudevents text) language plpgsql as $$
declare s stages; o jsonb; begin
	for s in select * from stages order by 1 loop
		update newterm.signals set status = s.status, archive_reason = s.archive_reason, retracted_at = s.retracted_at;
		o := newterm.signal_as(1, 'ocsf', s.kind);
		return query select s.stage, s.kind, newterm.signal_as(1, 'pagerduty', s.kind) ->> 'event_action',
			split_part(newterm.signal_as(1, 'slack', s.kind) ->> 'text', ' arn', 1),
			format('%s: %s %s, %s %s, alert %s', o ->> 'activity_id', o ->> 'status_id', o ->> 'status', o ->> 'verdict_id', o ->> 'verdict', o ->> 'is_alert'), o ->> 'type_uid',
			newterm.signal_as(1, 'ecs', s.kind) #>> '{newterm,change,kind}',
			newterm.signal_as(1, 'cloudevents', s.kind) ->> 'type';
	end loop;
end $$;
select * from staged();
update newterm.signals set status = 'open', archive_reason = null, retracted_at = null;
-- severities
create function severities() returns table (severity text, pagerduty text, ocsf text, ocsf_name text, ecs text) language plpgsql as $$
begin
	foreach severity in array '{info,low,medium,high,critical}'::text[] loop
		update newterm.signals s set severity = severities.severity;
		pagerduty := newterm.signal_as(1, 'pagerduty') #>> '{payload,severity}';
		ocsf := newterm.signal_as(1, 'ocsf') ->> 'severity_id';
		ocsf_name := newterm.signal_as(1, 'ocsf') ->> 'severity';
		ecs := newterm.signal_as(1, 'ecs') #>> '{event,severity}';
		return next;
	end loop;
end $$;
select * from severities();

-- what is told: of a change, or by hand
select newterm.signal_as(1, 'newterm') - 'signal' as by_hand, newterm.signal_as(1, 'newterm', 'amend') - 'signal' ->> 'kind' as amend;
update newterm.signals set retracted_at = now(), change_reason = 'it was known' where id = 1;
select newterm.signal_as(1, 'newterm') ->> 'kind' as kind, newterm.signal_as(1, 'newterm') ->> 'reason' as reason,
	newterm.signal_as(1, 'newterm', null, '018dfeb1-0000-7000-8000-000000000001') ->> 'kind' as of_change;
select newterm.signal_as(1, 'cloudevents') ->> 'id' as made_up, newterm.signal_as(1, 'cloudevents', null, '00000000-0000-0000-0000-000000000001') ->> 'id' as given;

-- signals without an event, several terms, columns that were added
update newterm.signals set event = null, event_id = null, message = null, entity = '{}', tags = '{}', retracted_at = null, change_reason = null, status = 'open',
	terms = '[{"eventName": "a", "n": 1}, {"eventName": "b", "n": 1}, {"eventName": null}]';
alter table newterm.signals add column more text default 'added';
select newterm.signal_as(1, 'newterm') #>> '{signal,more}' as more;
select newterm.signal_as(1, 'slack') -> 'blocks' -> 1 -> 'fields' -> 0 ->> 'text' as slack;
select newterm.signal_as(1, 'pagerduty') #>> '{payload,source}' = current_database() as source;
select newterm.signal_as(1, 'ecs') -> 'source' as source, newterm.signal_as(1, 'ecs') ? 'threat' as threat, newterm.signal_as(1, 'ecs') #> '{newterm}' ? 'entity' as entity;
select newterm.signal_as(1, 'ocsf') #> '{anomaly_analyses,0,analysis_targets}' as targets;
select o ->> 'observation_parameter' as parameter, o -> 'observations' as observations from jsonb_array_elements(newterm.signal_as(1, 'ocsf') #> '{anomaly_analyses,0,anomalies}') o;
select * from lacks(newterm.signal_as(1, 'ocsf'));
-- what should be an object, or an array, is not
update newterm.signals set event = '"text"', entity = '[1]', terms = '"x"', term = '7';
select f, newterm.signal_as(1, f) is not null as made from unnest('{newterm,slack,pagerduty,ocsf,ecs,cloudevents}'::text[]) f;
update newterm.signals set event = '{"eventName": {"a": [1, null]}, "sourceIPAddress": 7, "userIdentity": "x", "userAgent": null, "errorCode": ""}',
	entity = '{}', terms = '[]', term = '{}';
select newterm.signal_as(1, 'ocsf') #> '{evidences,0}' as evidence, newterm.signal_as(1, 'ecs') #>> '{event,outcome}' as outcome;
select * from lacks(newterm.signal_as(1, 'ocsf'));
-- addresses, and what is none
select v, newterm.plain_address(v) from unnest('{198.51.100.7, 2001:db8::1, cloudtrail.amazonaws.com, 10.0.0.0/8, 999.1.1.1, "", 1, ::ffff:198.51.100.7, "AWS Internal"}'::text[]) v;

-- an event that means harm
select newterm.create_rule('harm {{', fields => '{eventName}', group_by => '{userIdentity.arn}', learning => '0', learning_from => '2024-03-01',
	filter => 'harm:true', title => 'harm {{eventName}}', message => 'by {{userIdentity.arn}}: {{errorMessage}}');
select newterm.disable_rule('role calls');
create function hostile() returns text language sql as $$
	select E'<!channel> <script>alert(1)</script> =cmd|''/C calc''!A0 "quotes" {{eventID}} \\u001b \r\n\t\x1b[31mred\x1b[0m \x07\x7f'
		|| U&'\009b31m \202E\2066 bidi \2069 \2028 \FEFF \0085' || '& ]]> \x00 %s %n ''; drop table x; --' $$;
insert into events select jsonb_build_object('harm', true, 'eventTime', '2024-03-02T10:20:30Z', 'eventID', hostile(), 'eventName', hostile(), 'eventSource', hostile(),
	'awsRegion', hostile(), 'sourceIPAddress', hostile(), 'userAgent', hostile(), 'requestID', hostile(), 'recipientAccountId', hostile(), 'errorCode', hostile(),
	'errorMessage', repeat(hostile(), 1000), 'userIdentity', jsonb_build_object('type', hostile(), 'arn', repeat('x', 100000), 'userName', hostile(), 'accountId', hostile(),
	'sessionContext', jsonb_build_object('sessionIssuer', jsonb_build_object('arn', hostile()))), 'requestParameters', jsonb_build_object(hostile(), hostile()));
select id as harm from newterm.signals where rule like 'harm%' \gset
update newterm.signals set tags = array[hostile(), E'attack.t1078\x1b'] where id = :harm;
select newterm.tell('update', id, rule, severity, title, entity, term, first_seen, event_id, hostile()) from newterm.signals where id = :harm;
select uuid as change from newterm.changes where signal_id = :harm and kind = 'update' \gset
-- every text that a person reads has no control character; the record itself is left as it is
create function texts(document jsonb) returns setof text language sql as $$
	select t #>> '{}' from jsonb_path_query(document, 'strict $.**') t where jsonb_typeof(t) = 'string'
	union all select key from jsonb_path_query(document, 'strict $.**') t cross join lateral jsonb_object_keys(case jsonb_typeof(t) when 'object' then t end) key $$;
select f, count(*) > 10 as texts, count(*) filter (where t ~ '[\x01-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]') as hostile, max(length(t)) <= 8000 as bounded
from unnest('{slack,pagerduty,ocsf,ecs}'::text[]) f
cross join lateral texts(newterm.signal_as(:harm, f, 'new', :'change') #- '{payload,custom_details,event}' #- '{payload,custom_details,event_id}' #- '{payload,custom_details,tags}'
	#- '{evidences,0,data}' #- '{metadata,labels}' #- '{tags}' #- '{event,original}' #- '{newterm,signal,event_id}') t
group by f order by f;
-- JSON, as a program reads it
select f, newterm.signal_as(:harm, f)::text::json is not null as json from unnest('{newterm,slack,pagerduty,ocsf,ecs,cloudevents}'::text[]) f;
select * from lacks(newterm.signal_as(:harm, 'ocsf'));
select newterm.signal_as(:harm, 'slack') ->> 'text' as slack;
-- limits of Slack and PagerDuty
select length(s #>> '{blocks,0,text,text}') <= 150 as header, length(s #>> '{blocks,1,text,text}') <= 3000 as section,
	(select max(length(f ->> 'text')) <= 2000 and count(*) <= 10 from jsonb_array_elements(s #> '{blocks,2,fields}') f) as fields,
	length(p #>> '{payload,summary}') <= 1024 as summary, octet_length(p::text) < 512 * 1024 as size, length(p ->> 'dedup_key') <= 255 as key,
	p #> '{payload,custom_details}' ? 'event' as event
from newterm.signal_as(:harm, 'slack') s, newterm.signal_as(:harm, 'pagerduty') p;
select newterm.plain(repeat(E'\x1b', 2000), 100), length(newterm.plain(repeat('é', 2000))), newterm.plain(E'a\nb'), newterm.plain(E'a\nb\r', 100, true), newterm.plain(null);

-- several detections: their terms, how many, and what was known before
select newterm.create_rule('grouped', '{eventName}', group_by => '{awsRegion}', learning => '0', learning_from => '2024-01-01', keep_alive => '1 hour', filter => 'eventSource:grouped');
insert into events select jsonb_build_object('eventTime', '2024-04-01T00:00:00Z', 'eventSource', 'grouped', 'eventName', 'Call' || lpad(i::text, 2, '0'), 'awsRegion', 'eu') from generate_series(1, 3) i;
insert into events select jsonb_build_object('eventTime', '2024-05-01T00:00:00Z', 'eventSource', 'grouped', 'eventName', 'More' || lpad(i::text, 2, '0'), 'awsRegion', 'eu') from generate_series(1, 12) i;
update newterm.signals set context = context || '{"known_terms": 100}', previous = 1 where rule = 'grouped' and detections = 12;
select d.id - min(d.id) over () as signal, f ->> 'text' as field from newterm.signals d
    cross join lateral jsonb_array_elements(newterm.signal_as(d.id, 'slack') #> '{blocks,1,fields}') with ordinality as e (f, n)
    where d.rule = 'grouped' and f ->> 'text' ~ '^(New|Detections|Context)' order by d.id, n;
select (newterm.signal_as(d.id, 'pagerduty') #> '{payload,custom_details}') - '{event,tags,rule,signal,severity,entity}'::text[] as pagerduty,
    newterm.signal_as(d.id, 'ecs') #> '{newterm,terms}' as ecs_terms, newterm.signal_as(d.id, 'ecs') #> '{newterm,context}' as ecs_context,
    newterm.signal_as(d.id, 'ocsf') -> 'count' as ocsf_count, newterm.signal_as(d.id, 'ocsf') #> '{anomaly_analyses,0,anomalies,0,observations}' as ocsf
    from newterm.signals d where d.rule = 'grouped' and d.detections = 3;
select l.* from newterm.signals d cross join lateral lacks(newterm.signal_as(d.id, 'ocsf')) l where d.rule = 'grouped';

-- any argument, any role
select newterm.signal_as(null, 'slack'), newterm.signal_as(-1, 'slack');
select newterm.signal_as(1, null);
select newterm.signal_as(1, 'xml');
select newterm.signal_as(1, 'slack', 'deleted');
create role test_signal_as;
set role test_signal_as;
select newterm.signal_as(1, 'slack');
select newterm.signal_as_ocsf('{}', '{}');
select newterm.plain('x');
reset role;
select count(*) from pg_proc where pronamespace = 'newterm'::regnamespace and proname ~ '^(signal_as|plain|field_values|attack_ids|unix_millis|is_closed|ocsf_)' and has_function_privilege('test_signal_as', oid, 'execute');
grant execute on function newterm.signal_as to test_signal_as;
set role test_signal_as;
select newterm.signal_as(1, 'slack') is not null as allowed;
reset role;
-- of nothing at all
select newterm.signal_as_slack('{}', '{}') is not null, newterm.signal_as_pagerduty('{}', '{}') is not null, newterm.signal_as_ecs('{}', '{}') is not null,
	newterm.signal_as_ocsf('{}', '{}') is not null, newterm.signal_as_cloudevents('{}', '{}') is not null, newterm.signal_as_ocsf(null, null) is not null;
revoke all on function newterm.signal_as from test_signal_as;
drop role test_signal_as;
