-- Five rules whose fields have a value for every few events, or for every one.
SELECT newterm.create_rule('cold-' || name, fields::text[], filter, group_by::text[])
FROM (VALUES
	('1', '{sourceIPAddress}', '', '{userIdentity.arn}'),
	('2', '{userIdentity.arn}', '', '{recipientAccountId}'),
	('3', '{userIdentity.accessKeyId}', '', '{$principal}'),
	('4', '{userAgent}', '', '{$principal}'),
	('5', '{requestID}', 'eventSource:s3.amazonaws.com', '{}')
) AS r (name, fields, filter, group_by);
