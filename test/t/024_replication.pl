# A replica that is promoted in the middle of a load goes on where the primary was; a logical subscriber alerts to
# replicated rows where it is told to, and only there.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

# ---- physical ----

my $primary = start_server('primary', allows_streaming => 1, conf => "fsync = off\n");
watch_events($primary);
more_rules($primary);
$primary->safe_psql('postgres', "insert into events (event) values (event('learned', 60)), (event('told', 7200))");
$primary->backup('base');
my $replica = PostgreSQL::Test::Cluster->new('replica');
$replica->init_from_backup($primary, 'base', has_streaming => 1);
$replica->start;

# ---- a hot standby answers what would have been told, and that leaves nothing behind ----

sub told
{
	my ($node) = @_;
	return $node->safe_psql('postgres', q{
		set work_mem = '64kB';
		select b::text from newterm.backtest() b order by 1;
		select s::text from newterm.backtest_summary(rules => '{"fields": ["eventName", "eventID"]}') s order by 1;
		select e::text from newterm.explain('names', event('stranger', 9000)) e;
		select v::text from newterm.rules r, newterm.verify(r.name) v;
		select s::text from newterm.summary('events') s});
}

# Rows of each table, sequences, the files of the database, and temporary ones.
my $left = q{
	select c.relname, query_to_xml(format('select count(*) from newterm.%I', c.relname), false, true, '')
	from pg_class c where c.relnamespace = 'newterm'::regnamespace and c.relkind = 'r' order by 1;
	select sequencename, last_value from pg_sequences where schemaname = 'newterm' order by 1;
	select count(*) from pg_ls_dir('base/' || (select oid from pg_database where datname = 'postgres')) f where f ~ '^[0-9]+$';
	select count(*) from pg_ls_tmpdir()};

$primary->safe_psql('postgres', 'checkpoint');
my $before = $primary->safe_psql('postgres', $left);
my $told = told($primary);
like($told, qr/told/, 'the primary says what rules would have told');
is($primary->safe_psql('postgres', $left), $before, 'and nothing is left of that: no row, no number, no file');
$primary->wait_for_catchup($replica);
is(told($replica), $told, 'a hot standby says the same');

# ---- a load ----

my $load = start_load($primary, 4, 200, 60);
$replica->poll_query_until('postgres', 'select count(*) > 200 from events') or die 'nothing arrives';
is($replica->safe_psql('postgres', 'select count(*) > 10 from newterm.signals'), 't', 'a replica shows signals while they come');
like(($replica->psql('postgres', "insert into events (event) values (event('replica', 7200))"))[2],
	qr/read-only transaction/, 'and takes no rows');
$replica->promote;
$primary->kill9;
$load->{run}->finish;

$replica->safe_psql('postgres', "commit prepared '$_'")
  foreach split /\n/, $replica->safe_psql('postgres', 'select gid from pg_prepared_xacts');
$replica->safe_psql('postgres', 'select newterm.merge_postponed()');
state_is_right($replica, 'the promoted replica has the state of the events that it has');

my $count = "select count(*) from newterm.signals";
my $signals = $replica->safe_psql('postgres', $count);
my $clocks = $replica->safe_psql('postgres', 'select count(*), max(learning_from) from newterm.clocks');
$replica->safe_psql('postgres', "insert into events (event) values (event('learned', 100)), (event('told', 7300))");
$replica->safe_psql('postgres', "insert into events (event) select event from events order by random()");
is($replica->safe_psql('postgres', $count), $signals, 'what the primary learned and told is not told again');
is($replica->safe_psql('postgres', 'select count(*), max(learning_from) from newterm.clocks'), $clocks, 'nothing is learned anew');
$load = start_load($replica, 4, 200, 2);
$load->{run}->finish;
like($load->{said}, qr/number of failed transactions: 0 /, 'a load goes on there');
$replica->safe_psql('postgres', 'select newterm.merge_postponed()');
cmp_ok($replica->safe_psql('postgres', $count), '>', $signals, 'and gives new signals');
state_is_right($replica, 'with the state of the oracle');
$replica->stop;

# ---- logical ----

my $publisher = start_server('publisher', allows_streaming => 'logical', conf => "fsync = off\n");
my $subscriber = start_server('subscriber', conf => "fsync = off\n");
foreach my $node ($publisher, $subscriber)
{
	watch_events($node);
	$node->safe_psql('postgres', 'create table quiet (event jsonb)');
}
$publisher->safe_psql('postgres', q{
	select newterm.watch('quiet');
	alter table events replica identity full;
	create publication events for table events, quiet;
	insert into events (event) values (event('copied', 7200));});
$subscriber->safe_psql('postgres', q{
	select newterm.unwatch('events');
	select newterm.watch('events', fires => 'replica');
	select newterm.watch('quiet');
	create subscription events connection '} . $publisher->connstr . q{ dbname=postgres' publication events});
$subscriber->wait_for_subscription_sync($publisher, 'events');
is(signals($subscriber, ''), 'copied', 'fires => replica: the rows of the initial copy');

my $listener = $subscriber->background_psql('postgres', on_error_stop => 0);
$listener->query_safe('listen newterm');
$publisher->safe_psql('postgres', q{
	insert into events (event) values (event('one', 7200)), (event('two', 7200));
	insert into events (event) values (event('one', 7300));
	begin; insert into events (event) values (event('undone', 7200)); rollback;
	insert into quiet values (event('quiet', 7200));
	insert into events (event) select event('many ' || i % 10, 7200) from generate_series(1, 1000) i});
$publisher->wait_for_catchup('events');
is($subscriber->safe_psql('postgres', 'select (select count(*) from events), (select count(*) from quiet)'), '1004|1', 'the rows are there');
my $expected = join ' ', 'copied', (map { "many $_" } 0 .. 9), 'one', 'two';
is(signals($subscriber, ''), $expected, 'each replicated term is told of once; the table that is watched by default is silent');
is(signals($publisher, ''), "$expected quiet" =~ s/one two quiet/one quiet two/r, 'the publisher told of its own');
state_is_right($subscriber, 'the subscriber\'s state is the one of the oracle');
my $heard = $listener->query('select');
my @heard = $heard =~ /"term":\{"eventName":"([^"]*)"/g;
is(join(' ', sort @heard), join(' ', (map { "many $_" } 0 .. 9), 'one', 'two'), 'who listens at the subscriber hears of them');
$listener->quit;

$subscriber->safe_psql('postgres', "insert into events (event) values (event('local', 7200)); insert into quiet values (event('local quiet', 7200))");
is(signals($subscriber, 'local'), 'local quiet', 'fires => replica: not what is inserted by hand; the default: that');
$subscriber->safe_psql('postgres', q{select newterm.unwatch('quiet'); select newterm.watch('quiet', fires => 'always')});
$publisher->safe_psql('postgres', "insert into quiet values (event('always', 7200))");
$publisher->wait_for_catchup('events');
$subscriber->safe_psql('postgres', "insert into quiet values (event('always too', 7200))");
is(signals($subscriber, 'always'), 'always always too', 'fires => always: both');

$publisher->safe_psql('postgres', q{update events set event = event('updated', 7200) where event ->> 'eventName' = 'two'});
$publisher->wait_for_catchup('events');
is($subscriber->safe_psql('postgres', q{select count(*) from events where event ->> 'eventName' = 'updated'}), 1, 'an UPDATE arrives');
is(signals($subscriber, 'updated'), '', 'and is no news');

# an internal fault must not stop the replication
$subscriber->safe_psql('postgres', q{
	create function refuse() returns trigger language plpgsql as $$ begin raise 'not this one'; end $$;
	create trigger refuse after insert on newterm.signals for each row execute function refuse();
	alter table newterm.signals enable always trigger refuse;});
$publisher->safe_psql('postgres', "insert into events (event) values (event('refused', 7200))");
$publisher->wait_for_catchup('events');
is($subscriber->safe_psql('postgres', "select cause from newterm.event_errors where event_id = 'refused at 7200'"), 'internal_error',
	'a fault is recorded, and the rows go on');

$subscriber->stop;
$publisher->stop;
done_testing();
