--
-- Filters in KQL, with Elastic's names of what a CloudTrail record holds.
--
-- Each row of a table is a case by itself.  Only rows whose outcome differs from what they expect are
-- printed, and how many there are.
--
create extension if not exists newterm;
set timezone to 'UTC';

\getenv inputdir PG_ABS_SRCDIR
\set outcome :inputdir '/lib/outcome.sql'
\set ECHO none
\i :outcome

create table cases (id int generated always as identity, filter text, event jsonb, expected boolean);

-- The language
insert into cases (filter, event, expected) values
    ('',                            '{}',                           true),
    ('*',                           '{}',                           true),
    ('*:*',                         '{}',                           true),
    ('not *',                       '{}',                           false),
    ('a:b',                         '{"a": "b"}',                   true),
    ('a: b',                        '{"a": "b"}',                   true),
    ('a : b',                       '{"a": "b"}',                   true),
    ('a: B',                        '{"a": "b"}',                   false),
    ('a.b: c',                      '{"a": {"b": "c"}}',            true),
    ('"a.b": c',                    '{"a": {"b": "c"}}',            true),
    ('a."b.c": d',                  '{"a": {"b.c": "d"}}',          true),
    ('a: "x y"',                    '{"a": "x y"}',                 true),
    ('a: "x*"',                     '{"a": "xy"}',                  false),
    ('a: x y',                      '{"a": "x y"}',                 true),
    ('a: x y',                      '{"a": "x"}',                   false),
    ('a: x y and b: 1',             '{"a": "x y", "b": 1}',         true),
    ('a: x*',                       '{"a": "xyz"}',                 true),
    ('a: *y*',                      '{"a": "xyz"}',                 true),
    ('a: x?z',                      '{"a": "xyz"}',                 false),
    ('a: x?z',                      '{"a": "x?z"}',                 true),
    ('a: *',                        '{"a": ""}',                    false),
    ('a: *',                        '{"a": " "}',                   true),
    ('a: *',                        '{"a": null}',                  false),
    ('a: *',                        '{}',                           false),
    ('not a: *',                    '{}',                           true),
    ('a: true',                     '{"a": true}',                  true),
    ('a: "true"',                   '{"a": true}',                  true),
    ('a: 5',                        '{"a": 5.0}',                   true),
    ('a: x\:y',                     '{"a": "x:y"}',                 true),
    ('a: x\*y',                     '{"a": "x*y"}',                 true),
    ('a: \(x\)',                    '{"a": "(x)"}',                 true),
    ('a: "\"x\""',                  '{"a": "\"x\""}',               true),
    ('a: x\ty',                     '{"a": "x\ty"}',                true),
    ('a: "x\ny"',                   '{"a": "x\ny"}',                true),
    ('a: \u00e9t\u00E9',            '{"a": "été"}',                 true),
    ('a: \ud83d\ude00',             '{"a": "😀"}',                  true),
    ('a: \and',                     '{"a": "and"}',                 true),
    ('a: "or"',                     '{"a": "or"}',                  true),
    ('a: android',                  '{"a": "android"}',             true),
    ('a: x-y_z/w@v',                '{"a": "x-y_z/w@v"}',           true),
    ('a:1 and b:2',                 '{"a": 1, "b": 2}',             true),
    ('a:1 AND b:2',                 '{"a": 1, "b": 3}',             false),
    ('a:1 Or b:2',                  '{"b": 2}',                     true),
    ('not a:1',                     '{"a": 1}',                     false),
    ('NOT a:1 and b:2',             '{"b": 2}',                     true),
    ('not a:1 and b:2',             '{}',                           false),
    ('not (a:1 and b:2)',           '{"b": 2}',                     true),
    ('not not a:1',                 '{"a": 1}',                     true),
    ('a:1 or b:2 and c:3',          '{"a": 1}',                     true),
    ('(a:1 or b:2) and c:3',        '{"a": 1}',                     false),
    ('a:1 and not b:2',             '{"a": 1}',                     true),
    ('not(a:1)and(b:2)',            '{"b": 2}',                     true),
    ('a: (x or y)',                 '{"a": "y"}',                   true),
    ('a:(x OR "y z")',              '{"a": "y z"}',                 true),
    ('a:(x or y z)',                '{"a": "y z"}',                 true),
    ('a:(x and y)',                 '{"a": ["x", "y"]}',            true),
    ('a:(x and y)',                 '{"a": "x"}',                   false),
    ('a:(x and not y)',             '{"a": ["x", "y"]}',            false),
    ('a:(not x)',                   '{"a": "y"}',                   true),
    ('a:(* and not (x or y))',      '{"a": "z"}',                   true),
    ('a:(* and not (x or y))',      '{"a": "y"}',                   false),
    ('a:(* and not (x or y))',      '{}',                           false),
    ('a:(pre* or *fix)',            '{"a": "suffix"}',              true),
    ('a:((x or y) and z)',          '{"a": ["y", "z"]}',            true),
    ('not a:(x or y) or b:1',       '{"a": "x", "b": 1}',           true),
    ('a:{ b: c }',                  '{"a": {"b": "c"}}',            true),
    ('a:{ b: c and d: (e or f) }',  '{"a": {"b": "c", "d": "f"}}',  true),
    ('a:{ b: c and d: (e or f) }',  '{"a": {"b": "c", "d": "g"}}',  false),
    ('a:{ b:{ c: d } or not e: * }', '{"a": {"e": 1, "b": {"c": "d"}}}', true),
    ('a:{ b > 5 } and c: 1',        '{"a": {"b": 6}, "c": 1}',      true),
    ('a > 5',                       '{"a": 6}',                     true),
    ('a>5',                         '{"a": 5}',                     false),
    ('a >= 5',                      '{"a": "5"}',                   true),
    ('a < 5',                       '{"a": 4}',                     true),
    ('a <= 5 and a >= 5',           '{"a": 5}',                     true),
    ('a < "m"',                     '{"a": "b"}',                   true),
    ('t >= 2024-01-01',             '{"t": "2024-01-01T00:00:00Z"}', true),
    ('t < "2024-01-01T00:00:00Z"',  '{"t": "2023-12-31T23:59:59Z"}', true),
    ('lower(a): x*',                '{"a": "XY"}',                  true),
    ('$outcome: success',           '{}',                           true),
    (e'a:1\n  and b:2',             '{"a": 1, "b": 2}',             true);

-- What Elastic's pipeline drops is missing
insert into cases (filter, event, expected)
select filter, jsonb_build_object('a', dropped), expected
from unnest('{"\"\"","{}","\"-\"","\"none\"","null","[]","[\"\"]","{\"b\": null}","{\"b\": {\"c\": [\"-\"]}}"}'::jsonb[]) as dropped, (values
    ('a: *',            false),
    ('not a: *',        true),
    ('a: ""',           false),
    ('a: "-"',          false),
    ('a: none',         false),
    ('not a: "-"',      true),
    ('a: n*',           false),
    ('a: (n* or *-)',   false),
    ('a >= " "',        false),
    ('a < "zz"',        false)) as tried (filter, expected);
insert into cases (filter, event, expected) values
    ('a: n*',                       '{"a": "none of it"}',          true),
    ('a: none',                     '{"a": ["none", "nonesuch"]}',  false),
    ('a: n*',                       '{"a": ["none", "nonesuch"]}',  true),
    ('a: None',                     '{"a": "None"}',                true),
    ('a >= "a"',                    '{"a": ["-", "b"]}',            true),
    ('a.b: *',                      '{"a": [{"b": ""}, {"b": 0}]}', true),
    ('a.b: *',                      '{"a": [{"b": ""}, {"b": {}}]}', false),
    ('lower(a): *',                 '{"a": "-"}',                   false);

-- Quotes, backslashes and white space
insert into cases (filter, event, expected) values
    ('a: "CORP\bob"',              '{"a": "CORP\\bob"}',          true),
    ('a: "CORP\user"',             '{"a": "CORP\\user"}',         true),
    ('a: "CORP\\user"',           '{"a": "CORP\\user"}',         true),
    ('a: "C:\*"',                  '{"a": "C:\\*"}',              true),
    ('a: "x\ty"',                  '{"a": "x\ty"}',               true),
    ('a: "x\"y"',                  '{"a": "x\"y"}',               true),
    ('a: "\u00e9"',                '{"a": "é"}',                   true),
    ('a: "\u00e"',                 '{"a": "\\u00e"}',             true),
    ('a: "x\:y"',                  '{"a": "x\\:y"}',              true),
    (E'a:\u00A01\u00A0and\u00A0b: 2', '{"a": 1, "b": 2}',           true),
    (E'a: x\u00A0y',                E'{"a": "x\u00A0y"}',           true),
    (E'a: "x\u00A0y"',              E'{"a": "x\u00A0y"}',           true),
    (E'a: x\u00A0or b: 1',          '{"b": 1}',                     true);

-- { } keeps to one element of an array
insert into cases (filter, event, expected) values
    ('r:{ a: 1 and b: 2 }',         '{"r": [{"a": 1}, {"b": 2}]}',          false),
    ('r:{ a: 1 and b: 2 }',         '{"r": [{"a": 1, "b": 3}, {"a": 1, "b": 2}]}', true),
    ('r:{ a: 1 or b: 2 }',          '{"r": [{"a": 3}, {"b": 2}]}',          true),
    ('r:{ a: 1 and not b: 2 }',     '{"r": [{"a": 1, "b": 2}, {"a": 1}]}',  true),
    ('r:{ a: 1 and not b: 2 }',     '{"r": [{"a": 1, "b": 2}, {"b": 3}]}',  false),
    ('r:{ not a: 1 }',              '{}',                                   false),
    ('r:{ a: (1 and 2) }',          '{"r": [{"a": 1}, {"a": 2}]}',          false),
    ('r:{ a: (1 and 2) }',          '{"r": [{"a": [1, 2]}, {"a": 2}]}',     true),
    ('r:{ x:{ a: 1 and b: 2 } and c: 3 }', '{"r": [{"c": 3, "x": [{"a": 1}, {"b": 2}]}]}', false),
    ('r:{ x:{ a: 1 and b: 2 } and c: 3 }', '{"r": [{"c": 3, "x": [{"a": 1}, {"a": 1, "b": 2}]}]}', true),
    ('aws.cloudtrail.resources:{ account_id: 1 and type: B }', '{"resources": [{"accountId": "1", "type": "A"}, {"accountId": "2", "type": "B"}]}', false),
    ('aws.cloudtrail.resources:{ account_id: 1 and arn: a }', '{"resources": [{"accountId": "1", "ARN": "a"}, {"accountId": "2", "ARN": "b"}]}', true),
    ('aws.cloudtrail.flattened.request_parameters.items:{ userId: * and not group: * }', '{"requestParameters": {"items": [{"userId": "", "group": "all"}, {"userId": "1"}]}}', true),
    ('event:{ outcome: failure and action: X }', '{"eventName": "X", "errorCode": "Y"}', true);

-- Addresses and times compare as such
insert into cases (filter, event, expected) values
    ('source.ip >= "10.0.0.0"',     '{"sourceIPAddress": "9.1.2.3"}',       false),
    ('source.ip >= "10.0.0.0"',     '{"sourceIPAddress": "10.0.0.0"}',      true),
    ('source.ip > "10.0.0.0"',      '{"sourceIPAddress": "10.0.0.0"}',      false),
    ('source.ip >= "9.0.0.0"',      '{"sourceIPAddress": "10.1.2.3"}',      true),
    ('source.ip < 100.0.0.0 and source.ip > 20.0.0.0', '{"sourceIPAddress": "99.1.2.3"}', true),
    ('source.ip >= "10.0.0.0"',     '{"sourceIPAddress": "AWS Internal"}',  false),
    ('not source.ip >= "10.0.0.0"', '{"sourceIPAddress": "AWS Internal"}',  true),
    ('source.ip >= "10.0.0.0"',     '{"sourceIPAddress": "2001:db8::1"}',   true),
    ('source.ip <= "2001:db8::1"',  '{"sourceIPAddress": "10.1.2.3"}',      true),
    ('source.ip <= "2001:db8::1"',  '{"sourceIPAddress": "2001:db8::2"}',   false),
    ('source.ip: "AWS Internal"',   '{"sourceIPAddress": "AWS Internal"}',  false),
    ('source.ip: s3*',              '{"sourceIPAddress": "s3.amazonaws.com"}', false),
    ('@timestamp: "2018-04-03T19:04:17"', '{"eventTime": "2018-04-03T19:04:17Z"}', true),
    ('@timestamp: "2018-04-03T19:04:17"', '{"eventTime": "2018-04-03T21:04:17+02:00"}', true),
    ('@timestamp: "2018-04-03T19:04:17"', '{"eventTime": "2018-04-03T19:04:17.999Z"}', true),
    ('@timestamp: "2018-04-03T19:04:17"', '{"eventTime": "2018-04-03T19:04:18Z"}', false),
    ('@timestamp: "2018-04-03T19:04:17.000Z"', '{"eventTime": "2018-04-03T19:04:17Z"}', true),
    ('@timestamp: "2018-04-03T19:04:17.000Z"', '{"eventTime": "2018-04-03T19:04:17.001Z"}', false),
    ('@timestamp: "2018-04-03T19:04Z"', '{"eventTime": "2018-04-03T19:04:59Z"}', true),
    ('@timestamp: 2018-04-03',      '{"eventTime": "2018-04-03T23:59:59Z"}', true),
    ('@timestamp: 2018-04-03',      '{"eventTime": "2018-04-04T00:00:00Z"}', false),
    ('@timestamp: "2024-02-29"',    '{"eventTime": "2024-02-29T12:00:00Z"}', true),
    ('@timestamp: "1969-12-31"',    '{"eventTime": "1969-12-31T23:59:59Z"}', true),
    ('not @timestamp: ("2018-04-03" or "2018-04-05")', '{"eventTime": "2018-04-04T00:00:00Z"}', true),
    ('eventTime: "2018-04-03T19:04:17"', '{"eventTime": "2018-04-03T19:04:17Z"}', true),
    ('aws.cloudtrail.user_identity.session_context.creation_date: "2018-04-03"',
        '{"userIdentity": {"sessionContext": {"attributes": {"creationDate": "2018-04-03T19:04:17Z"}}}}', true),
    ('a: "2018-04-03"',             '{"a": "2018-04-03T19:04:17Z"}',        false);

-- Elastic's names
create table record (event jsonb);
insert into record values ('{
    "eventVersion": "1.09", "eventTime": "2024-05-01T10:00:00Z", "eventID": "e-1", "sharedEventID": "s-1", "requestID": "r-1",
    "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "awsRegion": "eu-west-1", "eventType": "AwsApiCall",
    "eventCategory": "Management", "managementEvent": true, "readOnly": false, "recipientAccountId": "222222222222",
    "sourceIPAddress": "203.0.113.7", "userAgent": "Boto3/1.26 Python/3.11", "vpcEndpointId": "vpce-1",
    "errorCode": "AccessDenied", "errorMessage": "not authorized",
    "userIdentity": {"type": "AssumedRole", "principalId": "AROA1:session", "accountId": "111111111111",
        "arn": "arn:aws:sts::111111111111:assumed-role/Admin/session", "accessKeyId": "ASIA1", "userName": "ignored",
        "sessionContext": {"attributes": {"mfaAuthenticated": "false", "creationDate": "2024-05-01T09:00:00Z"},
            "sessionIssuer": {"type": "Role", "userName": "Admin", "principalId": "AROA1", "accountId": "111111111111",
                "arn": "arn:aws:iam::111111111111:role/Admin"}}},
    "requestParameters": {"bucketName": "logs", "x-amz-acl": "public-read", "owners": [{"id": 7}]},
    "responseElements": {"status": "ok"}, "additionalEventData": {"LoginTo": "https://console"},
    "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "X", "clientProvidedHostHeader": "s3.amazonaws.com"},
    "resources": [{"ARN": "arn:aws:s3:::logs", "accountId": "222222222222", "type": "AWS::S3::Bucket"}]}');

insert into cases (filter, event, expected)
select filter, event, expected
from record, (values
    ('event.action: PutBucketAcl',                                                  true),
    ('event.provider: "s3.amazonaws.com"',                                          true),
    ('event.outcome: failure',                                                      true),
    ('event.outcome: success',                                                      false),
    ('event.id: e-1',                                                               true),
    ('"event.action": PutBucketAcl',                                                true),
    ('event:{ action: PutBucketAcl and provider: s3* }',                            true),
    ('@timestamp >= "2024-05-01T10:00:00Z"',                                        true),
    ('cloud.account.id: 111111111111',                                              true),
    ('cloud.region: eu-*',                                                          true),
    ('user.name: Admin',                                                            true),
    ('user.name: ignored',                                                          false),
    ('user.id: AROA1*',                                                             true),
    ('source.ip: 203.0.113.7',                                                      true),
    ('source.ip: "203.0.113.0/24"',                                                 true),
    ('source.ip: (10.0.0.0/8 or 192.168.0.0/16)',                                   false),
    ('source.ip: *',                                                                true),
    ('source.address: 203.0.113.7',                                                 true),
    ('source.address: "203.0.113.0/24"',                                            false),
    ('user_agent.original: Boto3*',                                                 true),
    ('tls.cipher: X and tls.client.server_name: s3*',                               true),
    ('aws.cloudtrail.user_identity.type: AssumedRole',                              true),
    ('aws.cloudtrail.user_identity.arn: *assumed-role*',                            true),
    ('aws.cloudtrail.user_identity.access_key_id: ASIA*',                           true),
    ('aws.cloudtrail.user_identity.session_context.mfa_authenticated: false',       true),
    ('aws.cloudtrail.user_identity.session_context.creation_date < 2024-05-02',     true),
    ('aws.cloudtrail.user_identity.session_context.session_issuer.type: Role',      true),
    ('aws.cloudtrail.user_identity.session_context.session_issuer.arn: *role/Admin', true),
    ('aws.cloudtrail.user_identity.session_context.session_issuer.principal_id: AROA1', true),
    ('aws.cloudtrail.user_identity.session_context.session_issuer.account_id: 111111111111', true),
    ('aws.cloudtrail.user_identity:{ type: AssumedRole and arn: * }',               true),
    ('aws.cloudtrail.user_identity.invoked_by: *',                                  false),
    ('aws.cloudtrail.event_type: AwsApiCall',                                       true),
    ('aws.cloudtrail.event_category: Management',                                   true),
    ('aws.cloudtrail.event_version: "1.09"',                                        true),
    ('aws.cloudtrail.management_event: true',                                       true),
    ('aws.cloudtrail.read_only: false',                                             true),
    ('aws.cloudtrail.error_code: AccessDenied',                                     true),
    ('aws.cloudtrail.error_message: not\ authorized',                               true),
    ('aws.cloudtrail.recipient_account_id: 222222222222',                           true),
    ('aws.cloudtrail.request_id: r-1 and aws.cloudtrail.shared_event_id: s-1',      true),
    ('aws.cloudtrail.vpc_endpoint_id: vpce-1',                                      true),
    ('aws.cloudtrail.resources.arn: *logs',                                         true),
    ('aws.cloudtrail.resources.account_id: 222222222222',                           true),
    ('aws.cloudtrail.resources.type: "AWS::S3::Bucket"',                            true),
    ('aws.cloudtrail.flattened.request_parameters.bucketName: logs',                true),
    ('aws.cloudtrail.flattened.request_parameters.x-amz-acl: ("public-read" or "public-read-write")', true),
    ('aws.cloudtrail.flattened.request_parameters.owners.id: 7',                    true),
    ('aws.cloudtrail.flattened.response_elements.status: ok',                       true),
    ('aws.cloudtrail.flattened.additional_eventdata.LoginTo: https*',               true),
    ('aws.cloudtrail.console_login.additional_eventdata.login_to: https*',          true),
    ('aws.cloudtrail.request_parameters: *bucketName=logs*',                        true),
    ('aws.cloudtrail.request_parameters: (*bucketName=x* or *acl=public-read*)',    true),
    ('aws.cloudtrail.request_parameters: *owners=\[\{id=7\}\]*',                    true),
    ('aws.cloudtrail.request_parameters: *',                                        true),
    ('aws.cloudtrail.response_elements: "{status=ok}"',                             true),
    ('aws.cloudtrail.response_elements.text: *status=ok*',                          true),
    ('eventName: PutBucketAcl and userIdentity.type: AssumedRole',                  true),
    ('requestParameters.bucketName: logs',                                          true)) as named (filter, expected);

-- Parameters whose digits would be more than 1 GB of text
insert into cases (filter, event, expected)
select filter, format('{"requestParameters": {"owner": "x", "numbers": [%s1]}}', repeat('1e131071,', 8300))::jsonb, expected
from (values
    ('aws.cloudtrail.request_parameters: *owner=*',                                 true),
    ('aws.cloudtrail.request_parameters: *numbers=\[…,\ …,\ *,\ 1\]*',              true),
    ('aws.cloudtrail.request_parameters: *0000*',                                   false)) as huge (filter, expected);

-- What Elastic's records all have in common
insert into cases (filter, event, expected) values
    ('event.dataset: aws.cloudtrail',                               '{}',                   true),
    ('event.dataset: "aws.cloudtrail" and event.action: X',         '{"eventName": "X"}',   true),
    ('event.dataset: "aws.cloudtrail" and event.action: X',         '{"eventName": "Y"}',   false),
    ('data_stream.dataset: (aws.cloudtrail or aws.vpcflow)',        '{}',                   true),
    ('event.dataset: (aws.* and not aws.cloudtrail)',               '{}',                   false),
    ('event.dataset: gcp.audit',                                    '{}',                   false),
    ('event.dataset: gcp.audit or event.action: X',                 '{"eventName": "X"}',   true),
    ('not event.dataset: gcp.audit',                                '{}',                   true),
    ('event.module: aws and event.kind: event and cloud.provider: aws', '{}',               true),
    ('event:{ dataset: aws.cloudtrail }',                           '{}',                   true);

-- Names that mean different members of different records
insert into cases (filter, event, expected) values
    ('user.name: *',            '{"userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com", "userName": "x"}}', false),
    ('user.name: *',            '{"userIdentity": {"type": "AssumedRole", "invokedBy": "autoscaling.amazonaws.com", "sessionContext": {"sessionIssuer": {"userName": "R"}}}}', false),
    ('user.name: me',           '{"eventName": "UserAuthentication", "userIdentity": {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}, "additionalEventData": {"UserName": "me"}}', true),
    ('user.name: u-1',          '{"eventName": "Federate", "userIdentity": {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}, "additionalEventData": {"UserName": "me"}}', true),
    ('user.name: me',           '{"userIdentity": {"type": "IAMUser", "userName": "me", "onBehalfOf": {"userId": "u-1"}}}', true),
    ('user.name: *',            '{"userIdentity": {"type": "Root", "userName": ""}}',                    false),
    ('user.id: p',              '{"userIdentity": {"principalId": "p", "onBehalfOf": {"userId": "u-1"}}}', true),
    ('user.id: u-1',            '{"userIdentity": {"principalId": "", "onBehalfOf": {"userId": "u-1"}}}', true),
    ('user.id: *',              '{"userIdentity": {"type": "AssumedRole", "principalId": "p", "invokedBy": "x"}}', false),
    ('aws.cloudtrail.console_login.additional_eventdata.mfa_used: true',  '{"eventName": "ConsoleLogin", "additionalEventData": {"MFAUsed": "Yes"}}', true),
    ('aws.cloudtrail.console_login.additional_eventdata.mfa_used: false', '{"eventName": "ConsoleLogin", "additionalEventData": {"MFAUsed": "No"}}', true),
    ('aws.cloudtrail.console_login.additional_eventdata.mfa_used: false', '{"eventName": "ConsoleLogin", "additionalEventData": {"MFAUsed": "Yes"}}', false),
    ('aws.cloudtrail.console_login.additional_eventdata.mfa_used: *',     '{"eventName": "ConsoleLogin"}', false),
    ('aws.cloudtrail.console_login.additional_eventdata.mfa_used: *',     '{"eventName": "Other", "additionalEventData": {"MFAUsed": "Yes"}}', false),
    ('aws.cloudtrail.console_login.additional_eventdata.mobile_version: false', '{"eventName": "ConsoleLogin", "additionalEventData": {"MobileVersion": "No"}}', true),
    ('aws.cloudtrail.addendum.original_request_id: r', '{"addendum": {"originalRequestID": "r"}}',       true),
    ('aws.cloudtrail.addendum.original_event_id: e', '{"addendum": {"originalEventID": "e"}}',           true),
    ('aws.cloudtrail.addendum.reason: x', '{"addendum": {"reason": "x"}}',                               true),
    ('aws.cloudtrail.user_identity.on_behalf_of.user_id: u-1', '{"userIdentity": {"onBehalfOf": {"userId": "u-1"}}}', true),
    ('related.entity: "arn:aws:iam::aws:policy/AdministratorAccess"', '{"eventName": "AttachRolePolicy", "requestParameters": {"roleName": "R", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}}', true),
    ('related.entity: *AdministratorAccess and related.entity: R', '{"eventName": "AttachRolePolicy", "requestParameters": {"roleName": "R", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}}', true),
    ('related.entity: me',      '{"userIdentity": {"userName": "me"}}',                                  true),
    ('related.entity: "arn:b"', '{"resources": [{"ARN": "arn:a"}, {"ARN": "arn:b"}]}',                   true),
    ('related.entity: *',       '{"eventName": "X"}',                                                    false),
    ('entity.target.id: R',     '{"requestParameters": {"roleName": "R"}}',                              true),
    ('aws.cloudtrail.request_parameters: *owner=*', '{"requestParameters": {"owner": null, "x": 1}}',    false),
    ('aws.cloudtrail.request_parameters: *owner=*', '{"requestParameters": {"owner": "", "x": 1}}',      false),
    ('aws.cloudtrail.request_parameters: "{x=1}"', '{"requestParameters": {"owner": null, "x": 1}}',     true),
    ('aws.cloudtrail.request_parameters: *', '{"requestParameters": {"owner": null}}',                   false),
    ('aws.cloudtrail.request_parameters: *', '{"requestParameters": {}}',                                false),
    ('user.name: bob',          '{"userIdentity": {"type": "IAMUser", "userName": "bob"}}',                  true),
    ('user.name: R',            '{"userIdentity": {"type": "FederatedUser", "sessionContext": {"sessionIssuer": {"userName": "R"}}}}', true),
    ('cloud.account.id: 2',     '{"recipientAccountId": "2"}',                                               true),
    ('cloud.account.id: 2',     '{"userIdentity": {"accountId": "1"}, "recipientAccountId": "2"}',           false),
    ('source.ip: *',            '{"sourceIPAddress": "cloudformation.amazonaws.com"}',                       false),
    ('not source.ip: *',        '{"sourceIPAddress": "cloudformation.amazonaws.com"}',                       true),
    ('source.ip: "2001:db8::/32"', '{"sourceIPAddress": "2001:db8::1"}',                                     true),
    ('source.ip: "2001:DB8:0::1"', '{"sourceIPAddress": "2001:db8::1"}',                                     true),
    ('source.address: *.amazonaws.com', '{"sourceIPAddress": "cloudformation.amazonaws.com"}',               true);

-- Rules as they are written for Elastic
insert into cases (filter, event, expected)
select filter, event, expected
from record, (values
    -- a first bucket opened to the public, except by infrastructure as code
    ('event.dataset: "aws.cloudtrail" and event.provider: "s3.amazonaws.com"
        and event.action: ("PutBucketAcl" or "PutObjectAcl") and event.outcome: failure
        and not user_agent.original: (*Terraform* or *Pulumi*)
        and aws.cloudtrail.flattened.request_parameters.x-amz-acl: public-*',       true),
    -- role credentials that are not a service's
    ('data_stream.dataset:aws.cloudtrail and aws.cloudtrail.user_identity.type:AssumedRole
        and not aws.cloudtrail.user_identity.invoked_by:*
        and not source.address:*.amazonaws.com
        and aws.cloudtrail.user_identity.session_context.session_issuer.type:(* and not AWSService)', true),
    -- a long-lived key from an address
    ('event.dataset:aws.cloudtrail and source.ip:* and aws.cloudtrail.user_identity.access_key_id:AKIA*', false),
    -- the same for a temporary key, outside the company''s networks
    ('event.dataset:aws.cloudtrail and aws.cloudtrail.user_identity.access_key_id:ASIA*
        and source.ip:(* and not ("10.0.0.0/8" or "198.51.100.0/24"))',             true),
    -- a bucket that is named in the parameters'' text
    ('event.dataset:aws.cloudtrail and event.provider:(s3.amazonaws.com or sts.amazonaws.com)
        and aws.cloudtrail.request_parameters:(*bucketName=logs* and not *bucketName=tmp*)', true)) as rules (filter, expected);

select count(*) as cases from cases;
select id, filter, left(event::text, 60) as event, expected, outcome(filter, event, 'kql') as actual
from cases
where outcome(filter, event, 'kql') is distinct from expected::text
order by id;

create table refusals (id int generated always as identity, filter text, position_ int);

insert into refusals (filter, position_) values
    ('a:',                          3),
    ('a: and b: c',                 4),
    ('a: or b',                     4),
    ('and a: b',                    1),
    ('a: b or',                     8),
    ('a: b and ',                   10),
    ('a: b and or c: d',            10),
    ('not',                         4),
    ('a',                           1),
    ('a b',                         1),
    ('a and b: c',                  1),
    ('"x y"',                       1),
    ('a: b c: d',                   7),
    ('(a: b) c: d',                 8),
    ('a: "b" c: d',                 8),
    ('(a: b',                       6),
    ('a: b)',                       5),
    ('a: (b or c',                  11),
    ('a: (b or c))',                12),
    ('a: ()',                       5),
    ('a: (b or)',                   9),
    ('a: (b, c or)',                12),
    ('a:{ b: c',                    9),
    ('a:{ b: c ) }',                10),
    ('a:{ }',                       5),
    ('a: b }',                      6),
    ('a: "b',                       4),
    ('a: b"c"',                     5),
    ('a: “b c”',                    4),
    ('a: b\',                       5),
    ('a: \ud83d',                   4),
    ('a: \u0000',                   4),
    ('a: \uXY',                     4),
    ('a:>= 5',                      3),
    ('a >=',                        5),
    ('a > b*',                      5),
    ('a >= now-7d',                 6),
    ('a = b',                       3),
    ('a != b',                      3),
    ('!a: b',                       1),
    ('-a: b',                       1),
    ('a: "b" && c: d',              8),
    ('a: b && c',                   6),
    ('a: ''b''',                    4),
    ('user.*: b',                   6),
    ('*: b',                        1),
    ('a..b: c',                     3),
    ('a[0]: b',                     2),
    -- what no record holds
    ('source.geo.city_name: X',                     1),
    ('a: b and source.as.other: X',                 10),
    ('_exists_: a',                                 1),
    ('a: b and _missing_:c',                        10),
    ('+a: b',                                       1),
    ('source.ip >= here',                           14),
    ('source.ip < "10.0.0.0/8"',                    14),
    ('not user_agent.name: (Chrome or Firefox)',    5),
    ('source:{ geo.city_name: X }',                 10),
    ('event.category: iam',                         1),
    ('event.type: change',                          1),
    ('event.ingested: *',                           1),
    ('error.message: x',                            1),
    ('process.name: x',                             1),
    ('host.name: x',                                1),
    ('tls.version: x',                              1),
    ('aws.s3.bucket.name: x',                       1);

select count(*) as refusals from refusals;
select id, left(filter, 60) as filter, position_ as expected, refused_at(filter, 'kql') as actual,
       left(outcome(filter, '{}', 'kql'), 100) as outcome
from refusals
where refused_at(filter, 'kql') is distinct from position_
order by id;

\set ECHO all

-- Some messages in full
\set SHOW_CONTEXT never
select newterm.test_filter('event.action: X and source.geo.city_name: Rome', '{}', 'kql');
select newterm.test_filter('_exists_:errorCode', '{}', 'kql');
select newterm.test_filter('source.ip: * and source.ip >= "10.0.0.0/8"', '{}', 'kql');
select newterm.test_filter('event.action: X event.provider: Y', '{}', 'kql');
select newterm.test_filter('not user_agent.name: Chrome', '{}', 'kql');
select newterm.test_filter('@timestamp >= now-15d', '{}', 'kql');
select newterm.test_filter('event.action: "X" event.provider: "Y"', '{}', 'kql');
select newterm.test_filter('event.action: Assume "Role"', '{}', 'kql');
select newterm.test_filter('event.action: Assume "Role', '{}', 'kql');
select newterm.test_filter('a:b', '{}', 'sql');

-- Elastic's names as terms: what its pipeline drops is none, an address only where it is one
select * from newterm.terms('{source.ip}', '{"sourceIPAddress": "AWS Internal"}', 'kql');
select * from newterm.terms('{source.ip, user.name}', '{"sourceIPAddress": "10.1.2.3", "userIdentity": {"userName": "me"}}', 'kql');
select * from newterm.terms('{user_agent.original}', '{"userAgent": "-"}', 'kql');
select * from newterm.terms('{aws.cloudtrail.resources.arn, aws.cloudtrail.resources.type}',
    '{"resources": [{"ARN": "a", "type": "A"}, {"ARN": "", "type": "B"}, {"ARN": "c", "type": "none"}]}', 'kql');
select term from newterm.terms('{related.entity}', '{"userIdentity": {"arn": "a", "userName": "u"}, "requestParameters": {"policyArn": "p"}, "resources": [{"ARN": "r"}, {"ARN": ""}]}', 'kql') as term order by term;
