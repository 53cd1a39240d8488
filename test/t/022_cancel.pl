# Cancelled in the middle of a merge, timeouts, a full NOTIFY queue: all or nothing, and the session goes on.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

# Seconds of a slow merge that somebody waits for; other waits end by themselves or are cancelled.
my $slow = 1;

my $node = start_server('main', conf => "fsync = off\n");
watch_events($node);

sub sql { return $node->safe_psql('postgres', @_); }

# Signals of some names take their time, so that others can come in between.
sql(qq{
	create function dawdle() returns trigger language plpgsql as \$\$ begin
		perform pg_sleep(case when new.term ->> 'eventName' like 'endless%' then 60 else $slow end);
		return null;
	end \$\$;
	create trigger dawdle after insert on newterm.signals for each row
		when (new.term ->> 'eventName' ~ '^(slow|endless)') execute function dawdle();});

my %pid;
sub session
{
	my ($name) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	# those that wait here wait for others of the test, until somebody cancels them
	$session->query_safe("set newterm.lock_timeout = '1min'");
	$pid{$session} = $session->query_safe('select pg_backend_pid()');
	return $session;
}

sub insert { return 'insert into events (event) values ' . join(', ', map { "(event('$_', 7200))" } @_); }

# Wait until a session waits for something.
sub await
{
	my ($session, $what) = @_;
	$node->poll_query_until('postgres',
		"select wait_event_type || ' ' || wait_event = '$what' from pg_stat_activity where pid = $pid{$session}")
	  or die "no wait for $what";
}

sub cancel { my ($session) = @_; sql("select pg_cancel_backend($pid{$session})"); }

# Let what was sent come to its end; what it said.
sub finish { my ($session) = @_; $session->query('select'); return said($session); }

my $one = session();
my $two = session();

# ---- cancelled ----

send_query($one, insert('endless 1', 'beside 1'));
await($one, 'Timeout PgSleep');
cancel($one);
like(finish($one), qr/canceling statement due to user request/, 'a merge is cancelled');
is(signals($node, ''), '', 'nothing is merged by halves');
state_is_right($node, 'nothing is stored');
$one->query_safe(insert('beside 1', 'beside 2'));
is(signals($node, ''), 'beside 1 beside 2', 'the same session goes on, and does not think it has told already');

# one that waits for a merge of the same term
send_query($one, insert('same', 'endless 2'));
await($one, 'Timeout PgSleep');
send_query($two, insert('same'));
await($two, 'Lock advisory');
sql("set statement_timeout = '10s'; " . insert('another'));
is(signals($node, 'another'), 'another', 'another term does not wait');
cancel($two);
like(finish($two), qr/canceling statement due to user request/, 'a merge that waits for another is cancelled');
send_query($two, insert('same'));
await($two, 'Lock advisory');
cancel($one);
like(finish($one), qr/canceling/, 'then the other');
is(finish($two), '', 'and who waited for it gets through');
is(signals($node, 'same'), 'same', 'with the detection that the other would have made');
state_is_right($node, 'the state is the one of the oracle');

send_query($one, insert('ended', 'endless 3'));
await($one, 'Timeout PgSleep');
sql("select pg_terminate_backend($pid{$one})");
eval { finish($one) };
eval { $one->quit };
$one = session();
$one->query_safe(insert('ended'));
is(signals($node, 'e'), 'ended', 'a session that is ended leaves nothing and locks nothing');

# news that were written to a file
$one->query_safe(q{set newterm.merge_memory = '64kB'; create function many(name text, n int) returns setof jsonb language sql as
	$$ select event(name || ' ' || i, 7200) from generate_series(1, n) i $$});
send_query($one, "insert into events (event) select many('spilt', 3000) union all select event('endless 4', 7100)");
await($one, 'Timeout PgSleep');
is(sql('select count(*) > 0 from pg_ls_tmpdir()'), 't', 'more news than newterm.merge_memory lie in a file');
cancel($one);
like(finish($one), qr/canceling/, 'such a merge is cancelled');
is(sql('select count(*) from pg_ls_tmpdir()'), 0, 'the file goes with it');
$one->query_safe("insert into events (event) select many('spilt', 3000)");
is(sql("select count(*) from newterm.signals where term ->> 'eventName' like 'spilt%'"), 3000, 'and again, to the end');

# before there is anything to merge
$one->query_safe('begin; ' . insert('idle'));
cancel($one);
$one->query_safe('commit');
is(signals($node, 'idle'), 'idle', 'cancelling a session that does nothing does nothing');
$one->query_safe("set statement_timeout = '200ms'");
$one->query("insert into events (event) select event('timed out', 7200) from generate_series(1, 100) where pg_sleep(0.02) is not null");
like(said($one), qr/statement timeout/, 'a statement that shows something times out');
$one->query_safe(insert('timed out'));
is(signals($node, 'timed'), 'timed out', 'what it showed is news to the next');

# ---- timeouts ----

# PostgreSQL stops the clock of a statement before it commits
$one->query_safe("set statement_timeout = '200ms'");
$one->query_safe(insert('slow 1'));
is(signals($node, 'slow 1'), 'slow 1', 'statement_timeout does not end a merge');
$one->query_safe('reset statement_timeout');

# A load that waits for another merge gets through, with its signals then or with the next one.
foreach my $setting ('deadlock_timeout', 'lock_timeout', 'statement_timeout', 'newterm.lock_timeout')
{
	send_query($one, insert("waited $setting", "slow $setting"));
	await($one, 'Timeout PgSleep');
	$two->query_safe("set $setting = '20ms'");
	$two->query(insert("waited $setting", "mine $setting"));
	my $said = said($two);
	$two->query_safe("reset $setting; set newterm.lock_timeout = '1min'");
	is(finish($one), '', "$setting: the merge comes to its end");
	if ($setting eq 'deadlock_timeout')
	{
		is($said, '', "$setting: and a load that waits for it gets through");
	}
	else
	{
		like($said, qr/NOTICE:  newterm merges later what this transaction showed/, "$setting: a load does not wait longer for it");
		is(signals($node, "mine $setting"), '', "$setting: its signals are not there yet");
		$two->query_safe(insert("known"));
	}
	is(signals($node, "mine $setting"), "mine $setting", "$setting: its signals are there");
	is(signals($node, "waited $setting"), "waited $setting", "$setting: with one signal of what both show");
}
is(sql('select count(*) from newterm.postponed'), 0, 'nothing waits any more');

# rules that change keep merges out
send_query($one, q{begin; select newterm.alter_rule('names', '{"learning": "2 hours"}')});
finish($one);
send_query($two, insert('gate cancelled'));
await($two, 'Lock advisory');
cancel($two);
like(finish($two), qr/canceling/, 'who waits for a change of rules can be cancelled');
$one->query_safe('rollback');
$two->query_safe(insert('gate again'));
is(signals($node, 'gate'), 'gate again', 'and goes on');

state_is_right($node, 'the state is the one of the oracle after all this');
is(sql("select count(*) from pg_locks where locktype = 'advisory'"), 0, 'no lock is left');

# ---- the NOTIFY queue is full ----

SKIP:
{
	skip 'the NOTIFY queue of this server is 8 GB, too much to fill; from PostgreSQL 17 on its size can be set', 4
	  if sql("select current_setting('server_version_num')") < 170000;

	$node->append_conf('postgresql.conf', 'max_notify_queue_pages = 64');
	$_->quit foreach $one, $two;
	$node->restart;

	# a session that listens inside an open transaction keeps the queue as it is; a page takes one of these
	my $keeper = session();
	$keeper->query_safe('listen newterm; begin; select 1');
	sql("select pg_notify('other', i || repeat('x', 7000)) from generate_series(1, 61) i");
	my ($status, $out, $error) = $node->psql('postgres', insert('unheard'));
	is($status, 0, 'a load gets through where the NOTIFY queue is full');
	like($error, qr/WARNING.*newterm sent no notifications of 1 signals/, 'with a warning');
	is(signals($node, 'unheard'), 'unheard', 'the signal is there');
	$keeper->query_safe('commit');
	$keeper->quit;
	state_is_right($node, 'so is the state');
}

$node->stop;
done_testing();
