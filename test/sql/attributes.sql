--
-- Derived attributes: who calls, on what, and how it went, for every type of identity.
--
-- Each row of the table is a case by itself.  Only rows whose value differs from what they expect are
-- printed, and how many there are.
--
create extension if not exists newterm;

\set ECHO none

-- The one value of a field; null for none; or the error's message.
create function field_value(field text, event jsonb) returns jsonb
language plpgsql as $$
begin
    return (select term -> field from newterm.terms(array[field], event) as term);
exception when others then
    return to_jsonb(sqlerrm);
end $$;

create table cases (id int generated always as identity, field text, identity jsonb, rest jsonb, expected jsonb);

-- $principal: the stable identity, by type
insert into cases (field, identity, rest, expected) values
    -- a role: its issuer, which has the role's path; else the ARN without the session
    ('$principal', '{"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/s", "principalId": "AROAAAAAAAAAAAAAAAAA1:s",
        "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::1:role/path/R"}}}', '{}', '"arn:aws:iam::1:role/path/R"'),
    ('$principal', '{"type": "AssumedRole", "arn": "arn:aws-cn:sts::1:assumed-role/R/s"}', '{}', '"arn:aws-cn:iam::1:role/R"'),
    ('$principal', '{"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/s", "sessionContext": {"sessionIssuer": {"arn": ""}}}',
        '{}', '"arn:aws:iam::1:role/R"'),
    ('$principal', '{"type": "AssumedRole", "principalId": "AROAAAAAAAAAAAAAAAAA1:s"}', '{}', '"AROAAAAAAAAAAAAAAAAA1"'),
    ('$principal', '{"type": "AssumedRole", "invokedBy": "x.amazonaws.com", "arn": "arn:aws:sts::1:assumed-role/R/s"}', '{}',
        '"arn:aws:iam::1:role/R"'),
    -- a user: the ARN, or the one that is made of account and name in the region's partition
    ('$principal', '{"type": "IAMUser", "arn": "arn:aws:iam::1:user/path/me", "userName": "me", "accountId": "1"}', '{}',
        '"arn:aws:iam::1:user/path/me"'),
    ('$principal', '{"type": "IAMUser", "accountId": "111111111111", "userName": "me"}', '{"awsRegion": "eu-west-1"}',
        '"arn:aws:iam::111111111111:user/me"'),
    ('$principal', '{"type": "IAMUser", "arn": "", "accountId": "111111111111", "userName": "me"}', '{}',
        '"arn:aws:iam::111111111111:user/me"'),
    ('$principal', '{"type": "IAMUser", "accountId": "1", "userName": "me"}', '{"awsRegion": "cn-north-1"}', '"arn:aws-cn:iam::1:user/me"'),
    ('$principal', '{"type": "IAMUser", "accountId": "1", "userName": "me"}', '{"awsRegion": "us-gov-west-1"}',
        '"arn:aws-us-gov:iam::1:user/me"'),
    ('$principal', '{"type": "IAMUser", "principalId": "AIDAAAAAAAAAAAAAAAAA1"}', '{}', '"AIDAAAAAAAAAAAAAAAAA1"'),
    -- root
    ('$principal', '{"type": "Root", "arn": "arn:aws:iam::1:root", "principalId": "1"}', '{}', '"arn:aws:iam::1:root"'),
    -- a federated user: who asked for the token, whatever name was chosen
    ('$principal', '{"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/chosen", "principalId": "1:chosen",
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/me"}}}', '{}', '"arn:aws:iam::1:user/me"'),
    ('$principal', '{"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/chosen"}', '{}', '"arn:aws:sts::1:federated-user/chosen"'),
    -- callers by OIDC and SAML: who they are to their provider; two of one provider are two
    ('$principal', '{"type": "WebIdentityUser", "principalId": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:o/r:ref:refs/heads/main",
        "userName": "repo:o/r:ref:refs/heads/main", "identityProvider": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"}', '{}',
        '"arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com/repo:o/r:ref:refs/heads/main"'),
    ('$principal', '{"type": "WebIdentityUser", "principalId": "accounts.google.com:audience:1234", "userName": "1234"}', '{}',
        '"accounts.google.com:audience:1234"'),
    ('$principal', '{"type": "WebIdentityUser", "principalId": "accounts.google.com:audience:1234", "userName": "", "identityProvider": "p"}', '{}',
        '"accounts.google.com:audience:1234"'),
    ('$principal', '{"type": "SAMLUser", "principalId": "qualifier:me@example.com", "userName": "me@example.com", "identityProvider": "qualifier"}',
        '{}', '"qualifier/me@example.com"'),
    ('$principal', '{"type": "SAMLUser", "principalId": "qualifier:me@example.com"}', '{}', '"qualifier:me@example.com"'),
    -- Identity Center
    ('$principal', '{"type": "IdentityCenterUser", "accountId": "1", "onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"}}',
        '{}', '"u-1"'),
    ('$principal', '{"type": "IdentityCenterUser", "accountId": "1"}', '{}', null),
    -- services
    ('$principal', '{"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}', '{}', '"ec2.amazonaws.com"'),
    ('$principal', '{"invokedBy": "ec2.amazonaws.com", "accountId": "1"}', '{}', '"ec2.amazonaws.com"'),
    ('$principal', '{"type": "", "invokedBy": "ec2.amazonaws.com"}', '{}', '"ec2.amazonaws.com"'),
    ('$principal', '{"type": "AWSService"}', '{}', null),
    -- nobody
    ('$principal', '{"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}', '{}', '"anonymous"'),
    ('$principal', '{"type": "AWSAccount", "principalId": "ANONYMOUS_PRINCIPAL"}', '{}', '"anonymous"'),
    -- others: the ARN, else principalId without the session behind a unique id, and only behind one
    ('$principal', '{"type": "AWSAccount", "principalId": "AIDAAAAAAAAAAAAAAAAA1", "accountId": "2"}', '{}', '"AIDAAAAAAAAAAAAAAAAA1"'),
    ('$principal', '{"type": "AWSAccount", "principalId": "AROAAAAAAAAAAAAAAAAA1:session", "accountId": "2"}', '{}', '"AROAAAAAAAAAAAAAAAAA1"'),
    ('$principal', '{"type": "AWSAccount", "principalId": "AROA1:session"}', '{}', '"AROA1:session"'),
    ('$principal', '{"type": "Unknown", "principalId": "111111111111:me"}', '{}', '"111111111111:me"'),
    ('$principal', '{"type": "Unknown", "principalId": "aroaaaaaaaaaaaaaaaaaa:me"}', '{}', '"aroaaaaaaaaaaaaaaaaaa:me"'),
    ('$principal', '{"type": "Directory", "arn": "arn:aws:ds:eu-west-1:1:directory/d-1", "principalId": "x"}', '{}',
        '"arn:aws:ds:eu-west-1:1:directory/d-1"'),
    ('$principal', '{"arn": "arn:aws:iam::1:user/me"}', '{}', '"arn:aws:iam::1:user/me"'),
    ('$principal', '{"type": "IAMUser", "arn": 5, "accountId": 1, "userName": true}', '{}', null),
    ('$principal', '{}', '{}', null),
    ('$principal', null, '{}', null),
    ('$principal', '"x"', '{}', null),
    ('lower($principal)', '{"type": "IAMUser", "arn": "arn:aws:iam::1:user/Me"}', '{}', '"arn:aws:iam::1:user/me"');

-- $person
insert into cases (field, identity, rest, expected) values
    ('$person', '{"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}, "userName": "x"}', '{}', '"u-1"'),
    ('$person', '{"type": "SAMLUser", "userName": "me@example.com"}', '{}', '"me@example.com"'),
    ('$person', '{"type": "WebIdentityUser", "userName": "repo:o/r:ref:refs/heads/main"}', '{}', '"repo:o/r:ref:refs/heads/main"'),
    ('$person', '{"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_1/me@example.com"}', '{}', '"me@example.com"'),
    ('$person', '{"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/i-0123"}', '{}', null),
    ('$person', '{"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/i-0123", "userName": "me"}', '{}', '"me"'),
    ('$person', '{"type": "IAMUser", "arn": "arn:aws:iam::1:user/me", "userName": "me"}', '{}', '"me"'),
    ('$person', '{"type": "IAMUser", "userName": ""}', '{}', null),
    ('$person', '{"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}', '{}', null);

-- Accounts
insert into cases (field, identity, rest, expected) values
    ('$caller_account', '{"accountId": "1"}', '{}', '"1"'),
    ('$caller_account', '{"accountId": "", "sessionContext": {"sessionIssuer": {"accountId": "2"}}}', '{}', '"2"'),
    ('$caller_account', '{"accountId": ""}', '{"recipientAccountId": "3"}', null),
    ('$cross_account', '{"accountId": "1"}', '{"recipientAccountId": "2"}', 'true'),
    ('$cross_account', '{"accountId": "1"}', '{"recipientAccountId": "1"}', 'false'),
    ('$cross_account', '{"accountId": ""}', '{"recipientAccountId": "1"}', 'false'),
    ('$cross_account', '{"accountId": "1"}', '{"recipientAccountId": ""}', 'false');

-- Services, and how it went
insert into cases (field, identity, rest, expected) values
    ('$service_call', '{"type": "AWSService"}', '{}', 'true'),
    ('$service_call', '{"type": "AssumedRole", "invokedBy": "cloudformation.amazonaws.com"}', '{}', 'true'),
    ('$service_call', '{"type": "AssumedRole", "invokedBy": ""}', '{}', 'false'),
    ('$service_call', '{"type": "AssumedRole"}', '{}', 'false'),
    ('$service_call', null, '{}', 'false'),
    ('$outcome', null, '{}', '"success"'),
    ('$outcome', null, '{"errorCode": "AccessDenied"}', '"failure"'),
    ('$outcome', null, '{"errorMessage": "no"}', '"failure"'),
    ('$outcome', null, '{"errorCode": "", "errorMessage": ""}', '"success"'),
    ('$outcome', null, '{"errorCode": null, "errorMessage": []}', '"success"'),
    ('$outcome', null, '{"responseElements": {"ConsoleLogin": "Failure"}}', '"failure"'),
    ('$outcome', null, '{"responseElements": {"ConsoleLogin": "Success"}}', '"success"');

-- $target: the first one that is there
insert into cases (field, identity, rest, expected)
select '$target', null, jsonb_build_object('requestParameters', jsonb_build_object('other', 'x', name, 'it')), '"it"'
from unnest('{roleArn, roleName, userName, groupName, policyArn, bucketName, secretId, keyId, functionName, instanceId, name}'::text[]) as name;
insert into cases (field, identity, rest, expected) values
    ('$target', null, '{"requestParameters": {"name": "c", "bucketName": "b", "roleArn": "a"}}', '"a"'),
    ('$target', null, '{"requestParameters": {"name": "c", "bucketName": "b", "roleArn": ""}}', '"b"'),
    ('$target', null, '{"requestParameters": {"name": "c", "bucketName": {"x": 1}}}', '"c"'),
    ('$target', null, '{"requestParameters": {"instanceId": ["i-1"]}}', '"i-1"'),
    ('$target', null, '{"requestParameters": {"name": 5}}', '5'),
    ('$target', null, '{"requestParameters": {"x": "a"}}', null),
    ('$target', null, '{"requestParameters": null}', null);

select count(*) as cases from cases;
select id, field, identity, rest, expected, actual
from cases, lateral (select case when identity is null then rest else rest || jsonb_build_object('userIdentity', identity) end as event) as made,
     lateral (select field_value(field, event) as actual) as found
where actual is distinct from expected
order by id;

\set ECHO all

-- Two repositories of one provider, two users of one SAML provider: each is new
select count(distinct newterm.principal(event)) from (values
    ('{"userIdentity": {"type": "WebIdentityUser", "identityProvider": "p", "userName": "repo:o/a:ref:refs/heads/main", "principalId": "p:aud:repo:o/a:ref:refs/heads/main"}}'::jsonb),
    ('{"userIdentity": {"type": "WebIdentityUser", "identityProvider": "p", "userName": "repo:o/b:ref:refs/heads/main", "principalId": "p:aud:repo:o/b:ref:refs/heads/main"}}'),
    ('{"userIdentity": {"type": "SAMLUser", "identityProvider": "q", "userName": "a@b.c", "principalId": "q:a@b.c"}}'),
    ('{"userIdentity": {"type": "SAMLUser", "identityProvider": "q", "userName": "d@b.c", "principalId": "q:d@b.c"}}')) as callers (event);
