# A backfill, and a rebuild, that is cancelled or killed in the middle and started again: in the end the state is the one of
# the events, and progress says what became of the first one.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $events = 20000;

# fsync matters to a crash of the machine, not of the server
my $node = start_server('main', conf => "fsync = off\nrestart_after_crash = off\n");

sub sql { return $node->safe_psql('postgres', @_); }

# Events of eighty days over tables of several chunks, with terms that are forgotten and come again.
sql(qq{
	create extension newterm;
	create table calls (event jsonb) partition by hash ((event ->> 'eventID'));
	create table calls_0 partition of calls for values with (modulus 2, remainder 0);
	create table calls_1 partition of calls for values with (modulus 2, remainder 1);
	-- long, so that there are many chunks
	alter table calls_0 alter event set storage plain;
	alter table calls_1 alter event set storage plain;
	insert into calls select jsonb_build_object('eventID', i, 'eventTime', to_char(timestamp '2024-01-01' + i * interval '6 minutes', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		'eventName', 'name ' || i / 1000 % 37 || ' ' || i % 11, 'who', 'who ' || i % 7, 'padding', repeat('x', 3000))
		from generate_series(1, $events) i;
	select newterm.watch('calls');
	-- so slow that each chunk can be met
	create function dawdle() returns trigger language plpgsql as \$\$ begin perform pg_sleep(0.5); return null; end \$\$;
	create trigger dawdle after update on newterm.progress_log for each row when (new.phase = 'reading' and new.events_done > 0) execute function dawdle();
	select newterm.create_rule('window', '{eventName}', learning => '7 days', forget_after => '10 days');
	select newterm.create_rule('entities', '{eventName}', group_by => '{who}', learning => '7 days', learning_scope => 'entity', forget_after => '10 days');
	select newterm.create_rule('values', '{eventName}', group_by => '{who}', learning_values => 20, learning_scope => 'entity', forget_after => null);});

# What is said of each rule, and how many runs and detections there are.
sub state_of_rules
{
	return sql(q{
		select r.name, (select count(*) from newterm.baseline b where b.rule = r.name), (select count(*) from newterm.detections d where d.rule = r.name and d.status = 'live'),
			(select md5(string_agg(b::text, ',' order by b::text)) from (select entity, term, first_seen, last_seen, learned, event_id from newterm.baseline x where x.rule = r.name) b),
			(select count(*) from newterm.verify(r.name))
		from newterm.rules r order by 1});
}

# Start a command in a session of its own; it goes on when some chunks of it are done.
sub start_command
{
	my ($command) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $session->query_safe('select pg_backend_pid()');
	send_query($session, $command);
	$node->poll_query_until('postgres', qq{select exists (select from newterm.progress where pid = $pid and phase = 'reading' and events_done between 1 and events_total - 1)})
	  or die "$command is not in the middle";
	return ($session, $pid);
}

# ---- cancelled ----

my ($session, $pid) = start_command('call newterm.backfill()');
sql("select pg_cancel_backend($pid)");
$session->query('select');
like(said($session), qr/canceling statement/, 'a backfill is cancelled');
$session->quit;
like(sql("select phase from newterm.progress where pid = $pid"), qr/^reading/, 'and progress says that it did not end');
cmp_ok(sql('select count(*) from newterm.runs'), '>', 0, 'what it had committed stays');

# ---- killed ----

($session, $pid) = start_command('call newterm.backfill()');
crash($node);
$node->start;
eval { $session->quit };
is(sql("select phase from newterm.progress where pid = $pid"), 'reading, then interrupted', 'a killed backfill was interrupted');

# ---- and started again ----

sql('call newterm.backfill()');
my $right = state_of_rules();
like($right, qr/^(\w+\|\d{2,}\|\d+\|[0-9a-f]{32}\|0\n?){3}$/, 'started again it ends, and verify finds no difference');
is(sql('select count(*) from newterm.signals'), 0, 'nothing was told');

# The same by one that nobody disturbed.
sql(q{
	select newterm.drop_rule(name) from newterm.rules;
	select newterm.create_rule('window', '{eventName}', learning => '7 days', forget_after => '10 days');
	select newterm.create_rule('entities', '{eventName}', group_by => '{who}', learning => '7 days', learning_scope => 'entity', forget_after => '10 days');
	select newterm.create_rule('values', '{eventName}', group_by => '{who}', learning_values => 20, learning_scope => 'entity', forget_after => null);
	truncate newterm.detection_log;
	call newterm.backfill();});
is(state_of_rules(), $right, 'the state is that of a backfill that nobody disturbed');

# ---- a rebuild ----

sql(q{delete from calls where (event ->> 'eventID')::int <= 1000});
foreach my $rule ('window', 'entities', 'values')
{
	($session, $pid) = start_command("call newterm.rebuild('$rule')");
	crash($node);
	$node->start;
	eval { $session->quit };
	is(sql("select phase from newterm.progress where pid = $pid"), 'reading, then interrupted', "a rebuild of $rule is killed");
	sql("call newterm.rebuild('$rule')");
	is(sql("select count(*) from newterm.verify('$rule')"), 0, 'started again it ends, and verify finds no difference');
	is(sql("select count(*) from newterm.baseline b where b.rule = '$rule' and b.first_seen < '2024-01-05 04:00:00Z'"), 0, 'what events no longer show is forgotten');
}

$node->stop;
done_testing();
