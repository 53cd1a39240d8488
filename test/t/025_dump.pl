# A dump that is restored elsewhere, and a base backup that is recovered to a point in time, go on where the first
# server was: nothing is learned or told again, and nothing is forgotten.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('main', allows_streaming => 1, conf => "fsync = off\n");
$node->enable_archiving;
$node->start;
watch_events($node);
more_rules($node);

# All that newterm has stored, table by table, in order.
sub stored
{
	my ($from) = @_;
	my %stored;
	foreach my $table (qw(rules rule_versions digest_key known_accounts runs entity_clocks learned_values
		postponed detection_log signals changes subscriptions deliveries event_errors baseline clocks detections watched))
	{
		$stored{$table} = $from->safe_psql('postgres', "select to_jsonb(t)::text collate \"C\" from newterm.$table t order by 1");
	}
	foreach my $sequence (qw(rule_id rule_version_id detection_id signal_id change_position lease_epoch event_error_id))
	{
		$stored{$sequence} = $from->safe_psql('postgres', "select last_value, is_called from newterm.$sequence");
	}
	return \%stored;
}

# Something of everything, a replaced rule version and a prepared transaction's leftovers among it.
$node->safe_psql('postgres', q{
	create table parts (part int, event jsonb, happened timestamptz) partition by list (part);
	create table parts_1 partition of parts for values in (1);
	create table copies (event jsonb);
	select newterm.watch('parts', time_column => 'happened');
	select newterm.watch('copies', fires => 'always');
	insert into newterm.known_accounts values ('123456789012', 'somebody');
	select newterm.create_rule('replaced', '{eventName}', learning => '0');
	insert into events (event) select event('name ' || i, i * 60, 'caller ' || i % 7) from generate_series(0, 200) i;
	insert into events (event) values (event('late', 7200)), (event('late', 7100)), (event('retracted', 7200));
	insert into events (event) values (event('late', 7000)), (event('retracted', 60));
	select newterm.alter_rule('replaced', '{"filter": "eventName:name*"}');
	insert into events (event) select event from events;
	select newterm.subscribe('soc', 'low', '{names,hours}', 'beginning');
	select newterm.acknowledge('soc', array_agg(pos), max(epoch)) from newterm.next_signals('soc', 3);
	select newterm.fail('soc', array_agg(pos), max(epoch), 'HTTP 400', null) from newterm.next_signals('soc', 1);
	select count(*) from newterm.next_signals('soc', 2);
	select newterm.create_rule('off', '{eventName}', enabled => false);
	insert into events (event) values (event('timeless', 0) - 'eventTime');
	begin;
	insert into events (event) values (event('prepared', 7200));
	prepare transaction 'p';});
# in a session that has not used newterm, so that what the transaction showed still waits
$node->safe_psql('postgres', q{commit prepared 'p'});
$node->safe_psql('postgres', q{
	delete from events where event ->> 'eventName' = 'timeless';
	delete from oracle.rules where rule <> 'names'});
my $before = stored($node);
foreach my $table (sort keys %$before)
{
	isnt($before->{$table}, '', "something is in $table") unless $table eq 'postponed';
}
like($before->{postponed}, qr/prepared/, 'something is in postponed');

# What is known is not told again, what is not is: with the numbers that follow.
sub goes_on
{
	my ($there, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $rows = "select (select count(*) from newterm.signals), (select max(id) from newterm.signals), (select count(*) from newterm.runs)";
	$there->safe_psql('postgres', 'select newterm.merge_postponed()');
	is(signals($there, 'prepared'), 'prepared', "$what: what was postponed is told");
	my $now = $there->safe_psql('postgres', $rows);
	$there->safe_psql('postgres', q{insert into events (event) select event from events order by random()});
	is($there->safe_psql('postgres', $rows), $now, "$what: nothing is learned or told again");
	$there->safe_psql('postgres', q{
		select newterm.disable_rule(name) from newterm.rules where name <> 'names';
		insert into events (event) values (event('new events', 9000));});
	$there->safe_psql('postgres', q{insert into parts values (1, event('new parts', 0), '2024-03-02')});
	$there->safe_psql('postgres', q{set session_replication_role = replica; insert into copies values (event('new copies', 9000))});
	is(signals($there, 'new'), 'new copies new events new parts', "$what: each watched table is watched as before");
	is($there->safe_psql('postgres', "select count(*) from newterm.signals where id > " . (split /\|/, $now)[1]), 3, "$what: numbers go on");
}

# ---- pg_dump ----

my $folder = PostgreSQL::Test::Utils::tempdir();
foreach my $format ('plain', 'custom')
{
	$node->command_ok([ 'pg_dump', '--format', $format, '-f', "$folder/$format", $node->connstr('postgres') ], "pg_dump, $format");
	my $other = start_server($format, conf => "fsync = off\n");
	if ($format eq 'plain')
	{
		$other->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$folder/plain", $other->connstr('postgres') ], 'restored by psql');
	}
	else
	{
		$other->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error', '-d', $other->connstr('postgres'), "$folder/custom" ], 'restored by pg_restore, two jobs');
	}
	is_deeply(stored($other), $before, "$format: everything is there");
	is($other->safe_psql('postgres', "select count(*) from pg_trigger where tgname = 'newterm_observe'"),
		$node->safe_psql('postgres', "select count(*) from pg_trigger where tgname = 'newterm_observe'"), "$format: so are the triggers");
	goes_on($other, $format);
	$other->stop;
}

# ---- by whom, and in parts ----

$node->safe_psql('postgres', q{
	create role backup login;
	grant pg_read_all_data to backup;
	create role some_admin login;
	select newterm.grant_access('admin', 'some_admin');});
# What a role dumps; newer versions begin and end it with a random key.
sub dump_by
{
	my ($name, @role) = @_;
	$node->command_ok([ 'pg_dump', @role, '-f', "$folder/$name", $node->connstr('postgres') ], "pg_dump, $name");
	return slurp_file("$folder/$name") =~ s/^\\(un)?restrict .*\n//mgr;
}
ok(dump_by('backup', '-U', 'backup') eq dump_by('superuser'), 'a role that reads all data misses nothing');
$node->command_fails_like([ 'pg_dump', '-U', 'some_admin', '-e', 'newterm', '-n', 'newterm', $node->connstr('postgres') ],
	qr/permission denied for (sequence|table)|user may lack SELECT privilege/, 'an admin of newterm cannot dump: the secret is no level\'s');
$node->safe_psql('postgres', q{select newterm.revoke_access('some_admin'); drop role some_admin});

my $parts = start_server('parts', conf => "fsync = off\n");
$parts->safe_psql('postgres', 'create database table_alone');
$node->command_ok([ 'pg_dump', '-e', 'newterm', '-n', 'newterm', '-f', "$folder/newterm", $node->connstr('postgres') ], 'pg_dump of newterm alone');
$parts->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$folder/newterm", $parts->connstr('postgres') ], 'restored by psql');
my ($all, $part) = ($before, stored($parts));
delete $_->@{qw(watched)} foreach $all, $part;
is_deeply($part, $all, 'all that newterm has stored is there');
$node->command_ok([ 'pg_dump', '-t', 'copies', '-f', "$folder/copies", $node->connstr('postgres') ], 'pg_dump of a watched table');
$parts->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', 'create extension newterm', '-f', "$folder/copies", $parts->connstr('table_alone') ],
	'restored where newterm is');
is($parts->safe_psql('table_alone', 'select events, fires from newterm.watched'), 'copies|always', 'and watched as before');
$parts->stop;

# ---- without the table that event_errors tells of, and with times that no calendar has ----

$node->safe_psql('postgres', "create database part; create database part_restored");
$node->safe_psql('part', q{
	create extension newterm;
	create table elsewhere (at timestamptz, event jsonb);
	select newterm.watch('elsewhere', time_column => 'at');
	select newterm.create_rule('weeks', '{x}', granule => '7 days', learning => '0');
	insert into elsewhere values ('4714-11-24 BC', '{"x": 1}'), ('-infinity', '{"x": 2}'), ('294276-12-31', '{"x": 3}'), ('2024-01-01', '{"x": 4}');});
$node->command_ok([ 'pg_dump', '-T', 'elsewhere', '-f', "$folder/part", $node->connstr('part') ], 'pg_dump without the watched table');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$folder/part", $node->connstr('part_restored') ], 'restored by psql');
is($node->safe_psql('part_restored', 'select source, cause, events from newterm.event_errors order by cause'),
	"public.elsewhere|future_event_time|1\npublic.elsewhere|past_event_time|2", 'event_errors is there');
is($node->safe_psql('part_restored', 'select first_seen, last_granule from newterm.runs'), '2024-01-01 00:00:00+00|2023-12-28 00:00:00+00', 'and what was evaluated');

# ---- base backup, archive, point in time ----

$node->backup('base');
$node->safe_psql('postgres', q{insert into events (event) values (event('before', 9000)); select pg_create_restore_point('here')});
$before = stored($node);
$node->safe_psql('postgres', q{insert into events (event) values (event('after', 9000)); select newterm.drop_rule('names'); select pg_switch_wal()});
$node->stop;

my $recovered = PostgreSQL::Test::Cluster->new('recovered');
$recovered->init_from_backup($node, 'base', has_restoring => 1, standby => 0);
$recovered->append_conf('postgresql.conf', "recovery_target_name = 'here'\nrecovery_target_action = 'promote'\n");
$recovered->start;
$recovered->poll_query_until('postgres', 'select not pg_is_in_recovery()') or die 'recovery does not end';
my $after = stored($recovered);
# PostgreSQL logs sequences ahead
delete $_->@{ qw(detection_id signal_id change_position lease_epoch event_error_id rule_id rule_version_id) } foreach $before, $after;
is_deeply($after, $before, 'point in time: everything is as it was then');
goes_on($recovered, 'point in time');
$recovered->safe_psql('postgres', q{insert into events (event) values (event('after', 9000))});
is(signals($recovered, 'after'), 'after', 'point in time: what came after it is news again');
$recovered->stop;
done_testing();
