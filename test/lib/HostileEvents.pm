# HostileEvents: events of about 100 kB that somebody made to cost much.
package HostileEvents;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(hostile_events hostile_rows);

# A JSON array of so many elements, in each of which % is its number.
sub elements
{
	my ($count, $element) = @_;
	return '[' . join(',', map { (my $one = $element) =~ s/%/$_/g; $one } 1 .. $count) . ']';
}

sub eight { my ($array) = @_; return '{' . join(',', map { qq("$_":$array) } 'a' .. 'h') . '}'; }

# A call that the rule pack looks into: its source, name, and what it asks for.
sub call
{
	my ($source, $name, $parameters, $more) = @_;
	return qq({"eventSource":"$source.amazonaws.com","eventName":"$name","awsRegion":"eu-central-1","sourceIPAddress":"203.0.113.7",)
	  . '"userAgent":"aws-cli/2.15","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","accountId":"111122223333",'
	  . '"arn":"arn:aws:iam::111122223333:user/eve","userName":"eve"},' . ($more // '') . qq("requestParameters":{$parameters}});
}

# A policy as a JSON text in JSON, with a statement or principal for each number.
sub policy
{
	my ($count, $statement) = @_;
	return '"{\"Statement\":' . elements($count, $statement) =~ s/"/\\"/gr . '}"';
}

# Name to event.
sub hostile_events
{
	return (
		'huge numbers, all equal' => '{"a":' . elements(10000, '1e131071') . '}',
		'huge numbers, all different' => '{"a":' . elements(9000, '%e131067') . '}',
		'eight arrays of equal elements' => eight(elements(2000, '1')),
		'eight arrays of different elements' => eight(elements(2000, '%')),
		'eight arrays of long strings' => eight(elements(40, '"' . ('long ' x 60) . '%"')),
		'one array' => '{"a":' . elements(20000, '%') . '}',
		'one array of addresses' => '{"a":' . elements(8000, '"10.%.1.1"') . ',"b":"X","c":"Y"}',
		'products in an array' => '{"a":' . elements(400, '{"b":' . elements(32, '%') . ',"c":' . elements(32, '%') . '}') . '}',
		'equal products in an array' => '{"a":[' . join(',', ('{"b":' . elements(31, '%') . ',"c":' . elements(31, '%') . '}') x 400) . ']}',
		'arrays in arrays' => '{"a":' . '[1,' x 900 . '2' . ']' x 900 . '}',
		'arrays of one in arrays of one' => '{"a":' . '[' x 5000 . '2' . ']' x 5000 . '}',
		'many pairs' => '{"a":' . elements(3000, '{"b":%,"c":"%"}') . ',"z":' . elements(3000, '%') . '}',
		'many keys' => '{"a":1,' . join(',', map { qq("key $_":$_) } 1 .. 8000) . '}',
		'objects of many keys' => '{"a":' . elements(100, '{' . join(',', map { qq("k$_":%) } 1 .. 100) . '}') . '}',
		'a long string, almost a match' => '{"a":1,"s":"' . 'abxabxabxc' x 10000 . '"}',
		'a string of escapes' => '{"a":1,"s":"' . '\\u001b' x 16000 . '"}',
		'a role trusted by many' => call('iam', 'UpdateAssumeRolePolicy', '"roleName":"r","policyDocument":'
			. policy(1200, '{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%:root"}}')),
		'a bucket open to many' => call('s3', 'PutBucketPolicy', '"bucketName":"b","bucketPolicy":{"Statement":'
			. elements(1200, '{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%:root"}}') . '}'),
		'a snapshot for many' => call('ec2', 'ModifySnapshotAttribute', '"snapshotId":"s","createVolumePermission":{"add":{"items":'
			. elements(4000, '{"userId":"%"}') . '}}'),
		'many resources' => call('s3', 'GetObject', '"bucketName":"b"', '"resources":'
			. elements(1200, '{"ARN":"arn:aws:s3:::bucket%","accountId":"%","type":"AWS::S3::Bucket"}') . ','),
		'a deep policy' => call('iam', 'PutRolePolicy', '"roleName":"r","policyDocument":"' . '[' x 40000 . ']' x 40000 . '"'),
		'a long agent' => call('sts', 'AssumeRole', '"roleArn":"arn:aws:iam::999988887777:role/' . 'r/' x 20000 . '"')
			=~ s{aws-cli/2.15}{'a/1 (b; c) ' x 4000}er);
}

# The same as rows for COPY: with (format csv, quote e'\x01', delimiter e'\x02').
sub hostile_rows
{
	my %events = hostile_events();
	return join '', map { $events{$_} =~ s/^\{/$_\x02{"eventTime":"2024-03-01T00:00:00Z","eventID":"hostile",/r . "\n" } sort keys %events;
}

1;
