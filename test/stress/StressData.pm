# The events and rules of the property test: random, but the same for the same seed.
#
# Small pools of values make terms meet again and again; the pools hold what is easily taken for the same
# or for different (case, blanks, numbers and their spelling, separators, nothing in its many forms).

package StressData;

use strict;
use warnings;
use POSIX qw(floor strftime);
use Exporter 'import';
our @EXPORT = qw(pick chance between shuffled read_records random_events random_rules random_change);

# ---- dice ----

sub pick    { return $_[ int(rand(@_)) ]; }
sub chance  { return rand() < $_[0]; }
sub between { my ($from, $to) = @_; return $from + int(rand($to - $from + 1)); }

sub shuffled
{
	my @deck = @_;
	for (my $i = $#deck; $i > 0; $i--)
	{
		my $j = int(rand($i + 1));
		@deck[ $i, $j ] = @deck[ $j, $i ];
	}
	return @deck;
}

# ---- records ----

# Foreign records, one a line, where the folder is there.
sub read_records
{
	my ($folder) = @_;
	my @records;
	return \@records unless defined $folder && -d $folder;
	foreach my $file (sort glob("$folder/*.ndjson"))
	{
		open my $in, '<', $file or die "cannot read $file: $!";
		my @lines = <$in>;
		close $in;
		chomp @lines;
		# what jsonb cannot hold is not for this test
		push @records, [ grep { !/\\u0000/ && length($_) < 8000 } @lines ];
	}
	return [ grep { @$_ } @records ];
}

my @ODD_VALUES = (
	'1', '1.0', '1e0', '"1"', 'true', '"true"', 'false', '0', '-0', '""', '" "', '"a"', '"A"', '"a "',
	'null', '[]', '{}', '{"k":1,"l":[2]}', '{"l":[2],"k":1.0}', '["a","b"]', '[["a"],[],"b",null]',
	'"é"', "\"e\x{cc}\x{81}\"", '"\u00e9"', '"a|b"', '"a,b"', '"a\u001fb"', '"a.b"', '"\\\\"', '"\\""',
	'"' . ('long ' x 700) . '"', '12345678901234567890123', '[null]', '[{"k":1},{"k":1.0},"1"]');

my @NAMES    = map { "\"$_\"" } qw(AssumeRole GetObject PutObject GetBucketAcl ListBuckets ConsoleLogin getObject);
my @SOURCES  = map { "\"$_\"" } qw(s3.amazonaws.com sts.amazonaws.com iam.amazonaws.com);
my @REGIONS  = map { "\"$_\"" } qw(eu-west-1 us-east-1 ap-south-1);
my @ACCOUNTS = map { "\"$_\"" } qw(111111111111 222222222222 333333333333);
my @IPS      = map { "\"$_\"" } qw(10.0.0.1 10.1.2.3 192.0.2.7 2001:db8::1 2001:db9::1), 'AWS Internal';
my @TYPES    = map { "\"$_\"" } qw(AWS::S3::Bucket AWS::S3::Object AWS::IAM::Role);
my @CODES    = map { "\"$_\"" } qw(AccessDenied NoSuchBucket);
my @PEOPLE   = qw(alice bob carol);

sub uuid
{
	return sprintf '%08x-%04x-4%03x-8%03x-%012x',
	  int(rand(2**32)), int(rand(2**16)), int(rand(2**12)), int(rand(2**12)), int(rand(2**40));
}

# Up to three members of an object, each there with some probability.
sub members
{
	my @pairs;
	while (my ($likely, $key, $value) = splice @_, 0, 3)
	{
		push @pairs, "\"$key\":$value" if chance($likely);
	}
	return '{' . join(',', @pairs) . '}';
}

sub resource
{
	return pick('null', '[]', '{}', '"a"') if chance(0.08);
	return members(
		0.8, 'accountId', pick(@ACCOUNTS, @ACCOUNTS, 'null'),
		0.8, 'type', pick(@TYPES),
		0.3, 'ARN', pick('"arn:a"', '["arn:a","arn:b"]', '[]'));
}

sub own_record
{
	my ($odd) = @_;
	my $account = pick(@ACCOUNTS);
	my $person  = pick(@PEOPLE);
	my ($number) = $account =~ /(\d+)/;
	my $identity = chance(0.6)
	  ? qq({"type":"IAMUser","arn":"arn:aws:iam::$number:user/$person","accountId":$account,"userName":"$person"})
	  : chance(0.5)
	  ? qq({"type":"AssumedRole","arn":"arn:aws:sts::$number:assumed-role/R/$person","accountId":$account,)
	  . qq("sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::$number:role/R","accountId":$account}}})
	  : '{"type":"AWSService","invokedBy":"' . pick(qw(ec2.amazonaws.com lambda.amazonaws.com)) . '"}';
	my $parameters = pick('null', '{}');
	if (chance(0.85))
	{
		$parameters = members(
			0.5, 'bucketName', pick('"logs"', '"Logs"', '"data"'),
			$odd, 'odd', pick(@ODD_VALUES),
			0.4, 'a.b', members(0.8, 'c', pick('"x"', '1', '{}', @ODD_VALUES)),
			0.4, 'tags', pick('[]', '["p"]', '["p","q"]', '[["p"],"q",null]', '"p"', 'null', '[1,1.0,"1"]'),
			0.5, 'sets', pick(
				'[]', '{"name":"n","items":[{"k":1},{"k":2}]}',
				'[{"name":"n","items":[{"k":1,"v":"a"},{"k":2,"v":"b"}]},{"name":"m","items":[{"k":1,"v":"c"}]}]',
				'[{"name":"n","items":[]},{"name":"m","items":[{"k":3},{"v":"a"}]}]',
				'[{"items":[{"k":1,"v":"a"}]},{"name":"n"}]',
				'[[{"name":"n"}],[{"name":"m","items":{"k":1,"v":["a","b"]}}]]'),
			0.4, 'count', pick(1, 2, 5, 5.5, 7, 100, -3),
			0.3, 'left', pick('"a"', '"ab"', '"a"', '""'),
			0.3, 'right', pick('"bc"', '"c"', '""', '"abc"'));
	}
	my $resources =
	  chance(0.25) ? undef : chance(0.1) ? resource() : '[' . join(',', map { resource() } 1 .. between(0, 3)) . ']';
	my $record = '{"eventVersion":"1.08","eventTime":"TIME"'
	  . ",\"userIdentity\":$identity"
	  . ',"eventSource":' . pick(@SOURCES)
	  . ',"eventName":' . pick(@NAMES)
	  . ',"awsRegion":' . pick(@REGIONS)
	  . ',"sourceIPAddress":' . pick(@IPS)
	  . ",\"requestParameters\":$parameters"
	  . (defined $resources ? ",\"resources\":$resources" : '')
	  . (chance(0.2) ? ',"errorCode":' . pick(@CODES) : '')
	  . (chance(0.8) ? ',"readOnly":' . pick('true', 'false', '"true"') : '')
	  . (chance(0.95) ? ',"eventID":"' . uuid() . '"' : '')
	  . ',"recipientAccountId":' . pick($account, $account, @ACCOUNTS) . '}';
	# the last of two equal keys counts; a key is a key however it is spelt; blanks are nothing
	$record =~ s/"eventSource"/"eventName":"Shadow","eventSource"/ if chance(0.02);
	$record =~ s/"eventName"/"event\\u004eame"/ if chance(0.02);
	$record =~ s/,"/ ,\t"/g if chance(0.02);
	return $record;
}

# ISO 8601, in one of the ways to write it.
sub iso
{
	my ($seconds) = @_;
	my $whole = floor($seconds);
	my $micro = floor(($seconds - $whole) * 1000000 + 0.5);
	my ($offset, $zone) = @{ pick(([ 0, 'Z' ]) x 8, [ 0, '+00:00' ], [ 7200, '+02:00' ], [ -16200, '-04:30' ]) };
	my $text = strftime('%Y-%m-%dT%H:%M:%S', gmtime($whole + $offset));
	$text .= sprintf('.%06d', $micro) if $micro;
	return $text . $zone;
}

# Where the events of a set lie in time.  Grid times hit the edges of granules, of the learning window and
# of forget_after, and the microseconds beside them.
sub random_time
{
	my ($when) = @_;
	my $at;
	if ($when->{style} eq 'grid')
	{
		$at = $when->{base} + between(0, $when->{steps}) * $when->{grid};
		$at += pick(0, 0, 0, 1, -1, 0.000001, -0.000001, $when->{grid} / 2);
	}
	elsif ($when->{style} eq 'bursts')
	{
		$at = $when->{base} + pick(@{ $when->{bursts} }) + between(0, 90);
	}
	else
	{
		$at = $when->{base} + int(rand($when->{grid} * $when->{steps}));
	}
	return $at;
}

# A set of events, each { json, at }; "at" is for tables that have a time column.
sub random_events
{
	my ($pools, $size) = @_;
	my $grid = pick(1, 60, 900, 3600, 21600, 86400);
	my $when = {
		base => chance(0.05) ? -3 * $grid : 86400 * between(17500, 19700) + pick(0, 3600 * 5, 1234),
		grid => $grid,
		steps => between(2, 60),
		style => pick('grid', 'grid', 'uniform', 'bursts'),
	};
	my $span = $grid * $when->{steps};
	$when->{bursts} = [ map { int(rand($span)) } 1 .. between(2, 6) ];
	my $odd_times = chance(0.2);
	my $odd       = chance(0.5) ? 0.7 : 0.1;
	my $foreign   = @$pools && chance(0.4) ? pick(@$pools) : undef;
	my $keep      = $foreign && chance(0.3);                          # foreign records at their own times

	my @events;
	my $begin = $foreign ? int(rand(@$foreign)) : 0;
	while (@events < $size)
	{
		my $json = $foreign ? $foreign->[ ($begin + int(rand($size * 2))) % @$foreign ] : own_record($odd);
		my $at = random_time($when);
		if (!$keep)
		{
			my $time = '"' . iso($at) . '"';
			# no usable time, or a clock that runs wild
			$time = pick('null', '"yesterday"', '"2024-13-40T00:00:00Z"', '"2099-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"', '17', '"TIME"',
				'"' . iso(time() + 3600 * pick(2, 20, 30)) . '"')
			  if $odd_times && chance(0.05);
			$json =~ s/"eventTime":"[^"]*"/"eventTime":$time/;
		}
		my $event = { json => $json, at => $at };
		push @events, $event;

		# the other account's copy of the same call
		if (chance(0.05) && $json =~ /"eventID":"([^"]*)"/)
		{
			my $shared = uuid();
			(my $mine = $json) =~ s/"eventID":/"sharedEventID":"$shared","eventID":/;
			(my $theirs = $mine) =~ s/"eventID":"[^"]*"/'"eventID":"' . uuid() . '"'/e;
			$theirs =~ s/"recipientAccountId":"[^"]*"/'"recipientAccountId":' . pick(@ACCOUNTS)/e;
			$event->{json} = $mine;
			push @events, { json => $theirs, at => $at };
		}
	}
	return (\@events, { %$when, span => $span });
}

# ---- rules ----

my @PATHS = (
	('eventName') x 4, ('userIdentity.arn') x 3, 'eventSource', 'awsRegion', 'sourceIPAddress', 'errorCode', 'readOnly',
	'recipientAccountId', 'userIdentity.arn', 'userIdentity.accountId', 'userIdentity.type', 'userIdentity',
	'userIdentity.sessionContext.sessionIssuer.arn',
	'resources', 'resources.accountId', 'resources.accountId', 'resources.type', 'resources.type', 'resources.ARN',
	'requestParameters', 'requestParameters.bucketName', 'requestParameters.odd', 'requestParameters.odd.k',
	'requestParameters."a.b"', 'requestParameters."a.b".c', 'requestParameters.tags',
	'requestParameters.sets.name', 'requestParameters.sets.items.k', 'requestParameters.sets.items.v',
	'requestParameters.sets.items', 'requestParameters.count', 'requestParameters.left', 'requestParameters.right',
	'no.such.path');

# Filters, with what they mean in SQL.
sub is    { my ($path, $test) = @_; return "exists (select from oracle.reach(e, '$path') v where $test)"; }
sub equal { my ($path, @values) = @_; return is($path, 'v in (' . join(', ', map { "'\"$_\"'" } @values) . ')'); }
sub like  { my ($path, $pattern) = @_; return is($path, "jsonb_typeof(v) = 'string' and v #>> '{}' like '$pattern'"); }
sub range { my ($path, $test) = @_; return is($path, "jsonb_typeof(v) = 'number' and v::text::numeric $test"); }

my @FILTERS = (
	[ '', 'true' ],
	[ '*', 'true' ],
	[ 'eventName:AssumeRole', equal('eventName', 'AssumeRole') ],
	[ '@eventName:(GetObject OR PutObject)', equal('eventName', 'GetObject', 'PutObject') ],
	[ '-eventName:GetObject', 'not ' . equal('eventName', 'GetObject') ],
	[ 'eventName:Get*', like('eventName', 'Get%') ],
	[ 'eventName:?etObject', like('eventName', '_etObject') ],
	[ 'errorCode:*', is('errorCode', 'true') ],
	[ 'NOT errorCode:*', 'not ' . is('errorCode', 'true') ],
	[ 'readOnly:true', is('readOnly', "v in ('true', '\"true\"')") ],
	[ 'eventSource:"s3.amazonaws.com"', equal('eventSource', 's3.amazonaws.com') ],
	[ 'resources.type:"AWS::S3::Bucket"', equal('resources.type', 'AWS::S3::Bucket') ],
	[   'eventSource:s3.amazonaws.com OR userIdentity.type:IAMUser -errorCode:*',
		'(' . equal('eventSource', 's3.amazonaws.com') . ' or ' . equal('userIdentity.type', 'IAMUser')
		  . ' and not ' . is('errorCode', 'true') . ')' ],
	[   '(eventName:Get* OR eventName:List*) AND NOT awsRegion:us-east-1',
		'((' . like('eventName', 'Get%') . ' or ' . like('eventName', 'List%') . ') and not '
		  . equal('awsRegion', 'us-east-1') . ')' ],
	[ 'requestParameters.count:[1 TO 5]', range('requestParameters.count', 'between 1 and 5') ],
	[ 'requestParameters.count:{1 TO 7}', range('requestParameters.count', '> 1') . ' and '
		  . range('requestParameters.count', '< 7') ],
	[ 'requestParameters.count:>=5', range('requestParameters.count', '>= 5') ],
	[   'CIDR(sourceIPAddress, 10.0.0.0/8, 2001:db8::/32)',
		is('sourceIPAddress', "case when v #>> '{}' ~ '^([0-9]+(\.[0-9]+){3}|[0-9a-f]*(:[0-9a-f]*){2,7})\$' then "
			  . "(v #>> '{}')::inet <<= any ('{10.0.0.0/8,2001:db8::/32}'::inet[]) end") ],
);

sub some_of
{
	my ($count, @from) = @_;
	my (%taken, @some);
	while (@some < $count)
	{
		my $one = pick(@from);
		push @some, $one unless $taken{$one}++;
	}
	return \@some;
}

sub random_rules
{
	my ($when, $count) = @_;
	my $grid = $when->{grid};
	my @rules;
	foreach my $number (1 .. $count)
	{
		my $filter  = chance(0.6) ? $FILTERS[0] : pick(@FILTERS);
		my $granule = pick(1, 1, 1.5, 7, 60, 900, 3600, ($grid) x 4, $grid / 2, $grid * 2, 86400);
		$granule = 1 if $granule < 1;
		my $forget =
		  chance(0.2)
		  ? undef
		  : pick($granule, $granule * between(1, 9), $grid * between(1, 9) + pick(0, 0, 1, -1, 0.5), $when->{span} / 3,
			$when->{span} * 2);
		$forget = $granule if defined $forget && $forget < $granule;
		my $groups = some_of(pick(0, 0, 1, 1, 2), @PATHS);
		my $rule = {
			name              => "rule $number",
			fields            => some_of(pick(1, 1, 1, 2, 2, 3), @PATHS),
			group_by          => $groups,
			filter            => $filter->[0],
			sql               => $filter->[1],
			learning          => pick(0, $grid, $grid * between(1, $when->{steps}), int($when->{span} * rand(1.2))),
			learning_values   => chance(0.25) ? between(0, 12) : undef,
			learning_scope    => @$groups ? pick('rule', 'rule', 'entity') : 'rule',
			learning_from     => undef,
			forget_after      => $forget,
			granule           => $granule,
			optional_group_by => chance(0.3) ? 'true' : 'false',
			mode              => chance(0.15) ? 'observe' : 'alert',
		};
		$rule->{learning_from} = iso($when->{base} + pick(0, $grid, int($when->{span} * rand())))
		  if chance(0.3) && $rule->{learning_scope} eq 'rule';
		push @rules, $rule;
	}
	return \@rules;
}

# Another way to learn: what was learned is decided anew by it.
sub random_change
{
	my ($when, $rule) = @_;
	return undef if chance(0.3);
	return { learning_scope => $rule->{learning_scope} eq 'rule' ? 'entity' : 'rule' }
	  if @{ $rule->{group_by} } && chance(0.3);
	return { learning_values => undef, learning => pick(0, int($when->{span} * rand())) } if defined $rule->{learning_values};
	return { learning_values => between(0, 12) } if chance(0.3);
	return { learning => pick(0, int($when->{span} * rand())) } if $rule->{learning_scope} eq 'entity';
	return { learning_from => iso($when->{base} + int($when->{span} * rand())) } if chance(0.3);
	return { learning => pick(0, $when->{grid}, int($when->{span} * rand())) };
}

1;
