-- Twenty rules as people write them, most on some calls, some on all events.
-- copy-01 is the one of the variant with one rule.
SELECT newterm.create_rule('copy-' || name, fields::text[], filter, group_by::text[])
FROM (VALUES
	('01', '{userIdentity.accountId}', 'eventSource:sts.amazonaws.com eventName:AssumeRole', '{recipientAccountId}'),
	('02', '{eventName}', '', '{userIdentity.arn}'),
	('03', '{awsRegion}', 'readOnly:false', '{recipientAccountId}'),
	('04', '{eventSource}', 'errorCode:*', '{recipientAccountId}'),
	('05', '{userIdentity.sessionContext.sessionIssuer.arn}', '', '{recipientAccountId}'),
	('06', '{sourceIPAddress}', 'eventName:ConsoleLogin', '{userIdentity.arn}'),
	('07', '{requestParameters.bucketName}', 'eventSource:s3.amazonaws.com', '{userIdentity.sessionContext.sessionIssuer.arn}'),
	('08', '{requestParameters.keyId}', 'eventSource:kms.amazonaws.com eventName:(Decrypt OR Encrypt)', '{recipientAccountId}'),
	('09', '{requestParameters.roleArn}', 'eventName:AssumeRole*', '{userIdentity.accountId}'),
	('10', '{eventName}', 'eventSource:iam.amazonaws.com readOnly:false', '{recipientAccountId}'),
	('11', '{eventSource,eventName}', '-readOnly:true', '{recipientAccountId}'),
	('12', '{userIdentity.invokedBy}', 'userIdentity.type:AWSService', '{recipientAccountId}'),
	('13', '{requestParameters.name}', 'eventSource:secretsmanager.amazonaws.com eventName:GetSecretValue', '{userIdentity.arn}'),
	('14', '{userIdentity.userName}', 'userIdentity.type:IAMUser', '{recipientAccountId}'),
	('15', '{awsRegion,eventName}', 'eventName:(RunInstances OR CreateSnapshot OR CreateKeyPair)', '{userIdentity.accountId}'),
	('16', '{tlsDetails.tlsVersion}', 'tlsDetails.tlsVersion:*', '{eventSource}'),
	('17', '{resources.accountId,resources.type}', 'resources.accountId:*', '{recipientAccountId}'),
	('18', '{errorCode}', 'errorCode:(AccessDenied OR Client.UnauthorizedOperation)', '{userIdentity.arn}'),
	('19', '{eventName}', 'eventSource:cloudtrail.amazonaws.com readOnly:false', '{}'),
	('20', '{userIdentity.type}', '', '{eventSource}')
) AS r (name, fields, filter, group_by);
