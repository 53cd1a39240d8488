# The state does not depend on how events arrive: forward, in reverse, shuffled, and by eight sessions at once they give
# the same clocks, runs and detections, those of the oracle.  Above all where entities have clocks of their own: such a
# clock is the entity's earliest sighting, whenever that comes.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../stress';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Stress;
use StressData;
use StressSession;

my $shared = $ENV{NEWTERM_SHARED_DATA} || dirname(__FILE__) . '/../../../shared/data';

my $node = PostgreSQL::Test::Cluster->new('arrival');
$node->init(extra => [ "--encoding=UTF8", "--locale=C" ]);
$node->append_conf('postgresql.conf', Stress::configuration() . "log_statement = none\n");
$node->start;
my $scratch = PostgreSQL::Test::Utils::tempdir();

# What each way of arriving begins with: a database from this one.
$node->safe_psql('postgres', 'create database made');
$node->safe_psql('made', 'create extension newterm; ' . slurp_file(dirname(__FILE__) . '/../lib/oracle.sql') . q{
	create table calls (id bigint generated always as identity, event jsonb);
	create or replace view oracle.events as
		select id, event, (event ->> 'eventTime')::timestamptz as at, null::xid8 as txn from calls;
	select newterm.watch('calls');
	insert into oracle.rules (rule, fields, group_by, learning, learning_values, learning_scope, learning_from, forget_after, granule) values
		('each',           '{eventName}', '{userIdentity.arn}', '5 minutes', null, 'entity', null, '90 days', '1 hour'),
		('forgetting',     '{eventName}', '{userIdentity.arn}', '5 minutes', null, 'entity', null, '1 minute', '10 seconds'),
		('pairs',          '{eventName,awsRegion}', '{userIdentity.arn,sourceIPAddress}', '90 seconds', null, 'entity', null, null, '1 hour'),
		('at once',        '{eventName}', '{userIdentity.arn}', '0', null, 'entity', null, null, '1 hour'),
		('first of each',  '{eventName}', '{userIdentity.arn}', '0', 5, 'entity', null, '90 days', '1 hour'),
		('first of all',   '{eventName}', '{userIdentity.arn}', '0', 40, 'rule', null, '90 days', '1 hour'),
		('given',          '{eventName}', '{userIdentity.arn}', '5 minutes', null, 'rule', '2023-07-10T11:42:18Z', '90 days', '1 hour');
	select newterm.create_rule(rule, fields, '', group_by, learning => learning, learning_values => learning_values,
		learning_scope => learning_scope, learning_from => learning_from, forget_after => forget_after, granule => granule)
	from oracle.rules;
	create view state as
		select 'clock' as what, rule, entity, null::jsonb as term, learning_from, learning_until, null::boolean as learned
		from newterm.clocks where rule <> 'given' and entity is not null
		union all
		select 'run', rule, entity, term, first_seen, last_seen, learned from newterm.baseline
		union all
		select 'detection', rule, entity, term, first_seen, null, null from newterm.detections where status = 'live';});

# Store records in their order, some in each transaction, the list dealt out to so many sessions; returns the database.
my $ways = 0;
sub load
{
	my ($records, $sessions, $most) = @_;
	my $database = 'way' . ++$ways;
	$node->safe_psql('postgres', "create database $database template made");
	my @hands = map { [] } 1 .. $sessions;
	push @{ $hands[ $_ % $sessions ] }, $records->[$_] foreach 0 .. $#$records;
	my @loaders = map { StressSession->new($node->connstr($database)) } @hands;
	foreach my $number (0 .. $#hands)
	{
		my $file = "$scratch/$database.$number.sql";
		while (my @some = splice @{ $hands[$number] }, 0, between(1, $most))
		{
			append_to_file($file, "copy calls (event) from stdin with (format csv, quote e'\\x01', delimiter e'\\x02');\n"
				  . join('', map { "$_\n" } @some) . "\\.\n");
		}
		$loaders[$number]->start($file);
	}
	my @said = map { $_->finish(120) } @loaders;
	is(join("\n", @said), '', "$database: nobody hears of anything");
	$_->close foreach @loaders;
	return $database;
}

sub state
{
	my ($database) = @_;
	return $node->safe_psql($database, 'select * from state order by what, rule, entity, term, learning_from');
}

sub detections
{
	my ($database, $rule) = @_;
	return $node->safe_psql($database, "select count(*) from newterm.detections where rule = '$rule' and status = 'live'");
}

# Load the records, which are in the order of their time, in every way.
sub arrive
{
	my ($what, $records, %expected) = @_;
	my $forward = load($records, 1, 20);
	my $state = state($forward);
	is($node->safe_psql($forward, 'select r.rule, d.* from oracle.rules r, oracle.differences(r.rule) d'), '',
		"$what forward: the state is the one of the oracle");
	cmp_ok(detections($forward, $_), '>', 20, "$what: rule $_ has detections") foreach qw(each forgetting pairs);
	is(detections($forward, $_), $expected{$_}, "$what forward: detections of $_") foreach sort keys %expected;
	foreach my $way (
		[ 'in reverse', 1, 5, reverse @$records ],
		[ 'shuffled', 1, 20, shuffled(@$records) ],
		[ 'in one transaction, shuffled', 1, 100000, shuffled(@$records) ],
		[ 'in reverse in eight sessions', 8, 10, reverse @$records ],
		[ 'shuffled in eight sessions', 8, 10, shuffled(@$records) ])
	{
		my ($how, $sessions, $most, @queue) = @$way;
		my $database = load(\@queue, $sessions, $most);
		# not is(): nobody wants to read thousands of lines twice
		ok(state($database) eq $state, "$what $how: the same state as forward")
		  or diag($node->safe_psql($database, 'select r.rule, d.* from oracle.rules r, oracle.differences(r.rule) d limit 5'));
		is(detections($database, $_), $expected{$_}, "$what $how: detections of $_") foreach sort keys %expected;
		$node->safe_psql('postgres', "drop database $database");
	}
}

# Forty callers over two hours, some of them rare, all with calls that are common and calls that are their own.
srand(21);
my @calls;
foreach my $number (1 .. 2900)
{
	my $who = int(40 * rand() * rand());
	my $at  = 1688989338 + int(rand(7200));
	my $call = chance(0.5) ? 'Get' . int(rand(20)) : "Put$who." . int(rand(6));
	push @calls, [ $at, sprintf
		'{"eventTime":"%s","eventID":"%d","eventName":"%s","awsRegion":"%s","sourceIPAddress":"10.0.0.%d","userIdentity":{"arn":"arn:%d"}}',
		POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($at)), $number, $call, pick(qw(eu-west-1 us-east-1)), int(rand(3)), $who ];
}
arrive('made calls', [ map { $_->[1] } sort { $a->[0] <=> $b->[0] } @calls ]);

SKIP:
{
	skip 'no real records here', 1 unless -e "$shared/invictus_ir_aws.ndjson";
	open my $in, '<', "$shared/invictus_ir_aws.ndjson" or die $!;
	chomp(my @records = <$in>);
	close $in;
	my %at = map { $_ => /"eventTime":"([^"]*)"/ ? $1 : die } @records;
	# 180 is what a count by hand gives: pairs of caller and call that begin five minutes or more after the caller
	arrive('2,900 records', [ sort { $at{$a} cmp $at{$b} } @records ], each => 180);
}

$node->stop;
done_testing();
