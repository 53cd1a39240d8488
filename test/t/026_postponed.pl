# Nobody waits longer than newterm.lock_timeout, what is postponed meanwhile is merged, and after the last COMMIT PREPARED
# nothing is left; on a subscriber as well, with two-phase commit and with newterm on both sides of a publication.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = start_server('main', conf => "fsync = off\nmax_prepared_transactions = 20\n");
watch_events($node);
more_rules($node);

sub sql { return $node->safe_psql('postgres', @_); }

sub insert { return 'insert into events (event) values ' . join(', ', map { "(event('$_', 7200))" } @_) . ';'; }

sub waiting { return $node->safe_psql('postgres', 'select count(*) from newterm.postponed'); }

# ---- waiting ----

# How long a load takes, in a session that is new, while another one keeps a lock.
sub time_of_load
{
	my ($name, $settings) = @_;
	my $began = time();
	my ($status, $out, $error) = $node->psql('postgres', "set newterm.lock_timeout = '300ms'; $settings" . insert($name));
	is($status, 0, "$name: the load goes through");
	return time() - $began;
}

my $holder = $node->background_psql('postgres', on_error_stop => 0);
sql(insert('first') . insert('late'));
my @locks = (
	[ 'a rule whose learning changes' => q{select newterm.alter_rule('hours', '{"learning": "2 hours"}')} ],
	[ 'locked rows' => 'select count(*) from (select from newterm.runs for update) as locked' ],
	[ 'a truncated table' => 'truncate newterm.known_accounts' ],
	[ 'locked rules' => 'lock newterm.rules' ],
	[ 'locked runs' => 'lock newterm.runs' ],
	[ 'locked clocks' => 'lock newterm.entity_clocks' ],
	[ 'locked signals' => 'lock newterm.signals' ],
	[ 'locked errors' => 'lock newterm.event_errors' ],
	[ 'all at once' => 'lock newterm.runs, newterm.rules, newterm.entity_clocks, newterm.learned_values, newterm.detection_log, newterm.signals' ]);
foreach (@locks)
{
	my ($name, $lock) = @$_;
	$holder->query_safe("begin; $lock;");
	cmp_ok(time_of_load($name, insert('late')), '<', 2, "$name: it does not wait longer than it may");
	$holder->query_safe('rollback');
}
sql(insert('first'));
is(waiting(), 0, 'all is merged by the next load');
is(signals($node, ''), join(' ', sort 'first', 'late', map { $_->[0] } @locks), 'and told');
state_is_right($node, 'the state is the one of the oracle');

# Admins who change rules at once do not end in a deadlock, however they mix.
$holder->query_safe(q{begin; select newterm.alter_rule('hours', '{"learning": "2 hours"}')});
my $other = $node->background_psql('postgres', on_error_stop => 0);
send_query($other, q{select newterm.drop_rule('callers')});
$node->poll_query_until('postgres', q{select count(*) > 0 from pg_locks where not granted}) or die 'nobody waits';
$holder->query_safe(q{select newterm.alter_rule('callers', '{"severity": "high"}')});
$holder->query_safe(q{select newterm.alter_rule('callers', '{"learning": "3 hours"}')});
$holder->query_safe('rollback');
$other->query('select');
is(said($other), '', 'alter_rule and drop_rule');
is(sql(q{select count(*) from newterm.rules where name = 'callers'}), 0, 'the rule is dropped');
sql(q{delete from oracle.rules where rule = 'callers'});
$other->quit;

# ---- two-phase commit ----

# who commits behind a merge that has looked already waits for it
sql(q{
	create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(1); return null; end $$;
	create trigger dawdle after insert on newterm.signals for each row when (new.term ->> 'eventName' = 'slow') execute function dawdle();});
sql('begin; ' . insert('slow') . "prepare transaction 'slow'");
sql('begin; ' . insert('quick') . "prepare transaction 'quick'");
send_query($holder, "commit prepared 'slow'");
$node->poll_query_until('postgres', "select count(*) > 0 from pg_stat_activity where wait_event = 'PgSleep'") or die 'nobody sleeps';
sql("set newterm.lock_timeout = '1min'; commit prepared 'quick'");
$holder->query('select');
is(waiting(), 0, 'COMMIT PREPARED behind one that is merging leaves nothing');
is(signals($node, 'quick'), 'quick', 'and tells what it showed');
sql('drop trigger dawdle on newterm.signals');

# all at once
my @sessions = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 4;
my $left = 0;
foreach my $round (1 .. 30)
{
	foreach my $i (0 .. $#sessions)
	{
		$sessions[$i]->query_safe("begin; insert into events (event) select event('round $round.$i.' || n, 7200 + n) from generate_series(1, 20) n; prepare transaction 'round $i'");
	}
	send_query($sessions[$_], "commit prepared 'round $_'") foreach 0 .. $#sessions;
	$_->query_safe('select') foreach @sessions;
	$left++ if waiting() > 0;
}
is($left, 0, 'after the last COMMIT PREPARED nothing is left');
is(sql(q{select count(*) from newterm.signals where rule = 'names' and term ->> 'eventName' like 'round%'}), 2400, 'all is told');
$_->quit foreach @sessions, $holder;
state_is_right($node, 'the state is the one of the oracle');

# committed by a session that does not know newterm: the next transaction of any loader merges it, if all that it shows is known
sql('begin; ' . insert('left') . "prepare transaction 'left'");
$node->psql('postgres', "commit prepared 'left'");
sql(insert('first'));
is(waiting(), 0, 'what is left behind is merged by the next load');
is(signals($node, 'left'), 'left', 'and told');
$node->stop;

# ---- apply workers ----

my $publisher = start_server('publisher', allows_streaming => 'logical', conf => "fsync = off\n");
my $subscriber = start_server('subscriber', allows_streaming => 'logical', conf => "fsync = off\n");
watch_events($_) foreach $publisher, $subscriber;
$publisher->safe_psql('postgres', q{alter table events replica identity full; create publication events for table events});
$subscriber->safe_psql('postgres', q{
	select newterm.unwatch('events');
	select newterm.watch('events', fires => 'replica');
	create subscription events connection '} . $publisher->connstr . q{ dbname=postgres' publication events with (two_phase = true)});
$subscriber->wait_for_subscription_sync($publisher, 'events');
$publisher->safe_psql('postgres', insert('streamed'));
$publisher->wait_for_catchup('events');
$subscriber->poll_query_until('postgres', q{select subtwophasestate = 'e' from pg_subscription}) or die 'no two-phase commit';
$publisher->safe_psql('postgres', 'begin; ' . insert('prepared') . "prepare transaction 'p'");
$publisher->wait_for_catchup('events');
is($subscriber->safe_psql('postgres', 'select count(*) from pg_prepared_xacts'), 1, 'a transaction is prepared at the subscriber');
is(signals($subscriber, ''), 'streamed', 'and tells nothing yet');
$publisher->safe_psql('postgres', "commit prepared 'p'");
$publisher->wait_for_catchup('events');
is($subscriber->safe_psql('postgres', 'select count(*) from newterm.postponed'), 0, 'its COMMIT PREPARED leaves nothing');
is(signals($subscriber, ''), 'prepared streamed', 'and tells what it showed');
state_is_right($subscriber, 'the subscriber\'s state is the one of the oracle');
$subscriber->safe_psql('postgres', 'drop subscription events; drop extension newterm cascade; drop schema oracle cascade; truncate events');

# ---- all tables, newterm's own among them ----

$subscriber->safe_psql('postgres', 'create extension newterm; delete from newterm.packs');
$publisher->safe_psql('postgres', q{
	drop schema oracle cascade;
	select newterm.create_rule('values', '{eventName}', learning_values => 2, forget_after => '1 hour');
	create publication everything for all tables;} . insert('one', 'two'));
$subscriber->safe_psql('postgres', "create subscription everything connection '" . $publisher->connstr . " dbname=postgres' publication everything");
$subscriber->wait_for_subscription_sync($publisher, 'everything');
$publisher->safe_psql('postgres', q{
	insert into events (event) values (event('one', 7200)), (event('three', 7200));
	insert into events (event) values (event('one', 20000)), (event('two', 11000)), (event('aaa', 7000));
	insert into events (event) values (event('three', 7100));
	begin; insert into events (event) values (event('four', 7200)); prepare transaction 'four'; commit prepared 'four';
	select newterm.alter_rule('names', '{"learning": "30 hours"}');
	delete from newterm.runs where term = '["two"]'});
$publisher->wait_for_catchup('everything');
is($subscriber->safe_psql('postgres', q{select count(*) from pg_stat_subscription where pid is not null}), 1, 'the subscriber goes on');
foreach my $table (qw(runs learned_values signals detection_log rule_versions postponed))
{
	my $rows = "select md5(string_agg(t::text, ' ' order by t::text)), count(*) from newterm.$table t";
	is($subscriber->safe_psql('postgres', $rows), $publisher->safe_psql('postgres', $rows), "with the same rows of newterm.$table");
}
unlike(slurp_file($subscriber->logfile), qr/ERROR/, 'and without an error');

$subscriber->stop;
$publisher->stop;
done_testing();
