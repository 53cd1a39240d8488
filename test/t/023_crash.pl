# The server is killed while several sessions load: what was committed is merged, what was not is not.
#
# NEWTERM_CRASH_ROUNDS (default 3) crashes, one after the other, on the same data.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $rounds = $ENV{NEWTERM_CRASH_ROUNDS} // 3;
# an oracle of all events, after each round
my $rate = $rounds > 5 ? 200 : 400;

# fsync matters to a crash of the machine, not of the server
my $node = start_server('main', conf => "fsync = off\nrestart_after_crash = off\n");
watch_events($node);
more_rules($node);

sub sql { return $node->safe_psql('postgres', @_); }

my $events = 0;
my $prepared = 0;
foreach my $round (1 .. $rounds)
{
	my $load = start_load($node, 8, $rate, 60);
	$node->poll_query_until('postgres', "select count(*) > $events + 100 from events") or die 'nothing is loaded';
	sleep(0.3 + rand(0.7));
	crash($node);
	$load->{run}->finish;
	$node->start;

	# transactions that were prepared are still to be committed, and what they showed is still to be merged
	my @left = split /\n/, sql("select gid from pg_prepared_xacts");
	$prepared += @left;
	sql("commit prepared '$_'") foreach @left;
	sql('select newterm.merge_postponed()');

	my $now = sql('select count(*) from events');
	cmp_ok($now, '>', $events, "round $round: events were stored");
	$events = $now;
	unlike($load->{said}, qr/deadlock|could not serialize|newterm could not/, "round $round: nothing went wrong before");
	like($load->{said}, qr/aborted in command/, "round $round: the load was in the middle of it");
	state_is_right($node, "round $round: the state is the one of the oracle, and each detection has its signal");
}
my $detections = sql("select count(*) from newterm.detections where status = 'live'");
is(sql("select count(*) from newterm.signals where retracted_at is null"), $detections, "as many live signals as detections");
cmp_ok($detections, '>', 100, 'of which there are some');
note("$events events, $detections detections, $prepared transactions left prepared by $rounds crashes");

$node->stop;
done_testing();
