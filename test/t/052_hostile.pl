# Events that somebody made to cost much: each took from seconds to minutes before work was bounded, and takes less than a
# second now.  What has to take long, as somebody allowed it, can be cancelled.
#
# NEWTERM_TIMELESS (default 200000): rows without eventTime that are loaded at once.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use HostileEvents;
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

# Far more than it takes, far less than it took, in seconds: the machine may be busy.
my $enough = 20;

my $timeless = $ENV{NEWTERM_TIMELESS} // 200_000;

my $node = start_server('main', conf => "fsync = off\nautovacuum = off\nmax_wal_size = 4GB\nlog_temp_files = 0\nnewterm.merge_memory = '1MB'\n");
sub sql { return $node->safe_psql('postgres', @_); }

sql(q{
	create extension newterm;
	create table events (event jsonb);
	create table texts (event text);
	create table hostile (name text primary key, event jsonb);
	select newterm.watch('events'), newterm.watch('texts');
	select newterm.create_rule('a', '{a}', learning => '0', title => '{{a}}', message => '{{a}} {{s}}');
	select newterm.create_rule('all', '{a,b,c,d,e,f,g,h}', learning => '0');
	select newterm.create_rule('pairs', '{a.b,a.c}', group_by => '{z}', optional_group_by => true, learning => '0');
	select newterm.create_rule('network', '{"network(a, 24)","lower(b)"}', group_by => '{c}', learning_scope => 'entity');
	select newterm.create_rule('values', '{a}', learning_values => 2000);
	select newterm.create_rule('wild ' || i, '{a}', filter => 's:*ab?c*d' || i || '* OR a:*x*y*z' || i || ' OR a:>' || i || '00000000', learning => '0')
	from generate_series(1, 20) i;});

my %events = hostile_events();
my $file = PostgreSQL::Test::Utils::tempdir() . '/events';
append_to_file($file, hostile_rows());
sql("copy hostile from '$file' with (format csv, quote e'\\x01', delimiter e'\\x02')");

foreach my $name (sort keys %events)
{
	my ($begin, $seconds);

	$begin = time();
	sql("set statement_timeout = '${enough}s'; select count(*) from newterm.terms('{a,b,c,d,e,f,g,h}', (select event from hostile where name = '$name'));
		select count(*) from newterm.terms('{a.b,a.c,z}', (select event from hostile where name = '$name'));");
	$seconds = time() - $begin;
	cmp_ok($seconds, '<', $enough, "$name: terms()");

	# a commit is not ended by statement_timeout
	foreach my $table ('events', 'texts')
	{
		$begin = time();
		sql("insert into $table select event" . ($table eq 'texts' ? '::text' : '') . " from hostile where name = '$name'")
		  unless $table eq 'texts' && $name =~ /huge|arrays in|arrays of one/;
		$seconds = time() - $begin;
		cmp_ok($seconds, '<', $enough, "$name: inserted into $table");
		note(sprintf('%.2f s', $seconds));
	}
}
is(sql("select count(*) from newterm.event_errors where cause not in ('too_many_terms')"), 0, 'nothing else went wrong');
cmp_ok(sql('select count(*) from newterm.runs'), '>', 10_000, 'terms were stored');
is(sql(q{select count(*) from newterm.event_errors where detail not like '%the first newterm.max_terms_per_event = 1000 terms were judged; left were %'}),
	0, 'each event with too many tells how many were left');
cmp_ok(sql("select pg_total_relation_size('newterm.signals') / 1024 / 1024"), '<', 200, 'what is stored of them is bounded, in MB');

# ---- somebody allowed it: cancel ----

my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query_safe('select pg_backend_pid()');
$session->query_safe('set newterm.max_terms_per_event = 1000000');
my $begin = time();
$session->query("set statement_timeout = '30ms'; select count(*) from newterm.terms('{a,b,c,d,e,f,g,h}', (select event from hostile where name = 'eight arrays of different elements'))");
like(said($session), qr/canceling statement due to statement timeout/, 'terms() obeys statement_timeout');
cmp_ok(time() - $begin, '<', $enough, 'at once');
$session->query_safe('reset statement_timeout');

sub cancelled
{
	my ($what, $query, $wait) = @_;
	send_query($session, $query);
	sleep($wait);
	my $begin = time();
	# again and again, as it may not have begun yet
	until (sql("select state <> 'active' from pg_stat_activity where pid = $pid") eq 't' || time() - $begin > 60)
	{
		sql("select pg_cancel_backend($pid)");
		sleep(0.1);
	}
	my $seconds = time() - $begin;
	$session->query('select');
	like(said($session), qr/canceling statement due to user request/, "$what: cancelled");
	cmp_ok($seconds, '<', $enough, "$what: at once");
}

cancelled('terms of an event', q{insert into events select event from hostile where name = 'eight arrays of different elements'}, 0.5);
$session->query_safe('reset newterm.max_terms_per_event');
$session->query_safe(q{begin; insert into events select jsonb_build_object('eventTime', '2024-03-01T00:00:00Z', 'a', 'many ' || i) from generate_series(1, 300000) i});
cancelled('a merge of many terms', 'commit', 0.5);
is(sql(q{select count(*) from newterm.runs where term ->> 0 like 'many %'}), 0, 'nothing of it is left');
$session->query_safe(q{insert into events values ('{"eventTime": "2024-03-01T00:00:00Z", "a": "many and one"}')});
is(sql(q{select count(*) from newterm.signals where rule = 'a' and term ->> 'a' like 'many %'}), 1, 'and the session goes on');
$session->quit;

# ---- rows without eventTime, each with a new term ----

sub temporary_files { my @lines = slurp_file($node->logfile) =~ /temporary file: path/g; return scalar @lines; }

unlink $file;
open my $out, '>', $file or die $!;
print $out qq({"eventID":"timeless $_","a":"timeless $_"}\n) foreach 1 .. $timeless;
close $out;
sql('truncate newterm.event_errors');
my $files = temporary_files();
$begin = time();
sql("copy events from '$file' with (format csv, quote e'\\x01', delimiter e'\\x02')");
my $seconds = time() - $begin;
note(sprintf('%d rows without eventTime: %.1f s', $timeless, $seconds));
is(sql('select source, event_id, cause, events from newterm.event_errors'), "public.events|timeless 1|no_event_time|$timeless", 'rows without eventTime are one row');
is(temporary_files(), $files, 'and no files');
cmp_ok($seconds, '<', 60 + $timeless / 20000, 'the time is that of loading them');

# ---- what cannot leave memory does not make a file of each further term ----

sql(q{
	create table parts (part int, event jsonb) partition by list (part);
	do $$ begin
		for i in 1 .. 60 loop execute format('create table parts_%s partition of parts for values in (%1$s)', i); end loop;
	end $$;
	select newterm.watch('parts');});
$files = temporary_files();
sql(q{
	set newterm.merge_memory = '64kB';
	begin;
	insert into parts select i, jsonb_build_object('eventID', repeat(i::text, 1000), 'a', 1) from generate_series(1, 60) i;
	insert into parts select i, '12' from generate_series(1, 60) i;
	insert into parts select 1, jsonb_build_object('eventTime', '2024-03-01T00:00:00Z', 'a', 'part ' || i) from generate_series(1, 1500) i;
	commit;});
cmp_ok(temporary_files() - $files, '<', 300, 'files are of the size that they should be');
is(sql(q{select count(*) from newterm.signals where rule = 'a' and term ->> 'a' like 'part %'}), 1500, 'and nothing is lost');

$node->stop;
done_testing();
