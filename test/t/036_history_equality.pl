# One truth at any size: live insertion, backtest and backfill of 110 rules over generated records say the same, and so do
# verify() and, for some rules, the oracle. Late and double events, suppressions and unlearnings are among them. The regression
# test history_equality does it with real records. For the long way:
#
#   NEWTERM_RECORDS=1000000 make check TESTS=t/036_history_equality

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use History;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'needs the generator of records' unless $ENV{NEWTERM_GENERATE};

my $records = $ENV{NEWTERM_RECORDS} // 5000;
my $many = $records > 50000;
my $node = start_server('equality', conf => q{
	fsync = off
	log_statement = none
	shared_buffers = 512MB
	max_wal_size = 8GB
	work_mem = 64MB
	client_min_messages = warning
});
my $file = PostgreSQL::Test::Utils::tempdir() . '/records';

sub sql { return $node->safe_psql('postgres', @_); }

# How long each way takes.
my $begin = time();
sub took
{
	my ($what) = @_;
	note(sprintf('%s: %.1f s', $what, time() - $begin));
	$begin = time();
}

# A query gives what the table has.
sub same
{
	my ($query, $table, $what) = @_;
	sql("create table said as $query; analyze said");
	took($what);
	is(sql("((table said except all table $table) union all (table $table except all table said)) limit 10"), '', $what);
	sql('drop table said');
	$begin = time();
}

create_events($node, 'postgres', 'create table calls (event jsonb)');
create_rules($node, 'postgres');
suppress($node, 'postgres');
unlearn_before($node, 'postgres');

# ---- live ----

my $meanwhile = $records / 2;
deal_records($records, int($records / 40), sub {
	my ($number, $list) = @_;
	open my $out, '>', $file or die "cannot write $file: $!";
	print $out @$list;
	close $out;
	# the earliest record first, which every clock begins with
	sql(qq{
		create table first (event jsonb);
		copy first from '$file' with (format csv, quote e'\\x01', delimiter e'\\x02');
		insert into calls select event from first order by event ->> 'eventTime' limit 1;}) if $number == 0;
	sql("copy calls from '$file' with (format csv, quote e'\\x01', delimiter e'\\x02')");
	$meanwhile -= @$list;
	if ($meanwhile <= 0)
	{
		sql(unlearn_meanwhile());
		$meanwhile = $records * 2;
	}
});
took('live insertion');
sql('analyze; create table live as table history.state; create table live_outcome as table history.outcome; analyze');
note(sql(q{select format('%s events; %s', (select count(*) from calls), string_agg(format('%s %s %s', n, what, status), ', ' order by what, status))
	from (select what, status, count(*) as n from live group by 1, 2) x}));
is(sql(q{select string_agg(distinct status, ' ' order by status) from live}), 'detection learned muted', 'there is something of each kind');
is(sql(q{select count(*) from newterm.detection_log where status = 'retracted'}) > 0, 1, 'late events and unlearnings retracted some detections');
is(sql('select cause from newterm.event_errors'), '', 'every event was evaluated');

# ---- SQL ----

is(sql('select r.name, to_jsonb(v) from newterm.rules r, newterm.verify(r.name) v limit 10'), '', 'verify: the state is that of the events');
took('verify');
describe_to_oracle($node, 'postgres', $many);
cmp_ok(sql('select count(*) from oracle.rules'), '>=', 5, 'the oracle knows some of the rules');
is(sql('select r.rule, to_jsonb(d) from oracle.rules r, oracle.differences(r.rule) d limit 10'), '', 'oracle: the state is that of the events');
took('oracle');

# ---- backtest ----

my $backtest = 'select rule, entity, term, first_seen, status, suppression from newterm.backtest()';
same($backtest, 'live_outcome', 'backtest says the same');
sql(q{alter database postgres set max_parallel_workers_per_gather = 2; alter database postgres set min_parallel_table_scan_size = 0;
	alter database postgres set parallel_setup_cost = 0; alter database postgres set parallel_tuple_cost = 0;
	alter database postgres set work_mem = '} . ($many ? 16 : 1) . q{MB'});
same($backtest, 'live_outcome', 'backtest in several processes, and in several readings, says the same');
sql('alter database postgres reset all');

# ---- backfill ----

create_rules($node, 'postgres');
unlearn_before($node, 'postgres');
sql(unlearn_meanwhile());
is(sql('select count(*) from newterm.baseline'), '0', 'the rules begin anew');
sql('call newterm.backfill()');
took('backfill');
same('table history.state', 'live', 'backfill learns the same');

$node->stop;
done_testing();
