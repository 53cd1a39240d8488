# Subscriptions across databases, restores and promotions: every change once, in one order, whatever the transaction
# ids are and whoever dies.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = start_server('main', allows_streaming => 1, conf => "fsync = off\n");
watch_events($node);
$node->safe_psql('postgres', q{select newterm.subscribe('a'); select newterm.subscribe('b')});

sub see
{
	my ($server, @names) = @_;
	$server->safe_psql('postgres', 'insert into events (event) values ' . join(', ', map { "(event('$_', 7200))" } @names));
}

# What a subscription hands out, acknowledged at once: positions and names.
sub take
{
	my ($server, $name) = @_;
	return $server->safe_psql('postgres', qq{
		begin;
		create temp table taken on commit drop as select * from newterm.next_signals('$name');
		\\o /dev/null
		select newterm.acknowledge('$name', array_agg(pos), max(epoch)) from taken;
		\\o
		select string_agg(pos || ' ' || coalesce(signal -> 'term' ->> 'eventName', '-'), ', ' order by pos) from taken;
		commit});
}

# ---- a transaction in another database ----

$node->safe_psql('postgres', 'create database other');
my $writer = $node->background_psql('other');
$writer->query_safe('create table t (i int); begin; insert into t values (1)');
see($node, 'beside');
my $begin = time;
is(take($node, 'a'), '1 beside', 'a write transaction that is open in another database');
cmp_ok(time - $begin, '<', 2, 'keeps nobody waiting');
$writer->query_safe('commit');
$writer->quit;
is(take($node, 'b'), '1 beside', 'nor changes the order');

# ---- a prepared loader ----

$node->safe_psql('postgres', q{begin; insert into events (event) values (event('prepared', 7200)); prepare transaction 'loader'});
see($node, 'after it');
is(take($node, 'a'), '2 after it', 'a prepared transaction holds nothing up');
$node->safe_psql('postgres', q{commit prepared 'loader'});
$node->safe_psql('postgres', 'select newterm.merge_postponed()');
is(take($node, 'a'), '3 prepared', 'and what it showed comes when it is merged');
is(take($node, 'b'), '2 after it, 3 prepared', 'in the same order for others');

# ---- two workers, of which one dies ----

see($node, map { "work $_" } 1 .. 4);
my $dying = $node->background_psql('postgres');
is($dying->query_safe(q{select string_agg(signal -> 'term' ->> 'eventName', ' ' order by pos) from newterm.next_signals('a', 2, '3 seconds')}),
	'work 1 work 2', 'one worker takes two changes');
my $died = time;
my $pid = $dying->query_safe('select pg_backend_pid()');
$node->safe_psql('postgres', "select pg_terminate_backend($pid)");
is(take($node, 'a'), '6 work 3, 7 work 4', 'the other one goes on with what comes next');
is(take($node, 'a'), '', 'what the dead one had is leased');
is($node->safe_psql('postgres', q{select waiting, in_flight from newterm.delivery where subscription = 'a'}), '0|2', 'and shown to be');
$node->poll_query_until('postgres', q{select in_flight = 0 from newterm.delivery where subscription = 'a'}) or die 'leases do not end';
cmp_ok(time - $died, '>', 2, 'until the lease ends');
is(take($node, 'a'), '4 work 1, 5 work 2', 'and then handed out again');
$dying->{run}->finish;

# a worker that dies inside the transaction in which it reads leaves no lease at all
see($node, 'inside');
$dying = $node->background_psql('postgres');
$dying->query_safe(q{begin; select * from newterm.next_signals('a')});
$pid = $dying->query_safe('select pg_backend_pid()');
$node->safe_psql('postgres', "select pg_terminate_backend($pid)");
$dying->{run}->finish;
like(take($node, 'a'), qr/^\d+ inside$/, 'a worker that dies before it commits has taken nothing');

# ---- a publication of all tables refuses changes of tables without a replica identity ----

$node->safe_psql('postgres', 'create publication everything for all tables');
see($node, 'published');
like(take($node, 'a'), qr/^\d+ published$/, 'a publication of all tables is no obstacle');
$node->safe_psql('postgres', 'drop publication everything');

# ---- dump and restore, into a cluster whose transaction ids are lower ----

$node->safe_psql('postgres', 'select pg_current_xact_id()') for 1 .. 20;
take($node, 'b');
see($node, 'read by a', 'read by a, too');
take($node, 'a');
$node->safe_psql('postgres', q{select newterm.fail('b', array[pos], epoch, 'parked', null) from newterm.next_signals('b', 1)});
see($node, 'unnumbered');
my $folder = PostgreSQL::Test::Utils::tempdir();
$node->command_ok([ 'pg_dump', '-f', "$folder/dump", $node->connstr('postgres') ], 'pg_dump');
my $restored = start_server('restored', conf => "fsync = off\n");
$restored->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$folder/dump", $restored->connstr('postgres') ], 'restored');
cmp_ok($restored->safe_psql('postgres', 'select pg_snapshot_xmax(pg_current_snapshot())'), '<',
	$node->safe_psql('postgres', 'select pg_snapshot_xmin(pg_current_snapshot())'), 'the other cluster is younger');
my $status = q{select subscription, waiting, in_flight, parked, lapsed, last_success, last_error from newterm.delivery order by 1};
is($restored->safe_psql('postgres', $status), $node->safe_psql('postgres', $status), 'subscriptions are where they were');
my $last = $restored->safe_psql('postgres', 'select max(position) from newterm.changes');
see($restored, 'after the restore');
my $at = $last + 1;
my $next = $last + 2;
is(take($restored, 'b'), "$last read by a, too, $at unnumbered, $next after the restore", 'and go on');
is(take($restored, 'a'), "$at unnumbered, $next after the restore", 'both, in one order');
is($restored->safe_psql('postgres', q{select newterm.unpark('b')}), 1, 'what was parked is so still');
is(take($restored, 'b'), $last - 1 . ' read by a', 'and can be tried again');
$restored->stop;

# ---- promotion of a replica ----

take($node, $_) foreach 'a', 'b';
$node->backup('base');
my $replica = PostgreSQL::Test::Cluster->new('replica');
$replica->init_from_backup($node, 'base', has_streaming => 1);
$replica->start;
see($node, 'read by a before');
take($node, 'a');
$node->safe_psql('postgres', q{select * from newterm.next_signals('b', 1, '1 hour')});
see($node, 'numbered');
$node->safe_psql('postgres', 'select newterm.purge_changes()');
see($node, 'not numbered');
$node->wait_for_catchup($replica);
my ($code, $out, $err) = $replica->psql('postgres', q{select * from newterm.next_signals('a')});
like($err, qr/changes cannot be read on a standby server\nHINT:/, 'a replica hands nothing out');
is($replica->safe_psql('postgres', q{select waiting, in_flight from newterm.delivery where subscription = 'b'}), '2|1', 'it shows how far subscriptions are');
$replica->promote;
$node->kill9;
my $before = $replica->safe_psql('postgres', 'select max(position) from newterm.changes');
see($replica, 'after promotion');
my $a = take($replica, 'a');
like($a, qr/^$before numbered, \d+ not numbered, \d+ after promotion$/, 'the promoted one goes on');
is(take($replica, 'b'), $a, 'in one order');
my @positions = $a =~ /(\d+)/g;
ok($positions[0] < $positions[1] && $positions[1] < $positions[2], 'nothing comes in front of what was read');
is($replica->safe_psql('postgres', q{select in_flight from newterm.delivery where subscription = 'b'}), 1, 'leases hold there');
$replica->stop;
done_testing();
