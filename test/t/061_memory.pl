# Many new terms in one transaction: the session's memory stays bounded, and the time is linear.
#
# NEWTERM_MANY_TERMS (default "50000 200000"): how many terms, one COPY for each number, each in a session of its own.
# A term in ten is a detection, the others are learned.  Memory is bounded by newterm.merge_memory and newterm.cache_size.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'this system has no /proc' unless -r '/proc/self/status';

my @counts = split ' ', $ENV{NEWTERM_MANY_TERMS} // '50000 200000';

# Touched pages of shared buffers count as the session's memory, so there are few.
my $node = start_server('main',
	conf => "fsync = off\nshared_buffers = '16MB'\nmax_wal_size = 4GB\nautovacuum = off\nnewterm.merge_memory = '4MB'\nnewterm.cache_size = '1MB'\n");
watch_events($node);
my $file = PostgreSQL::Test::Utils::tempdir() . '/terms';

# The session's peak so far, in kB.
sub peak
{
	my ($pid) = @_;
	my ($peak) = slurp_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m;
	return $peak;
}

my @measured;
foreach my $count (@counts)
{
	$node->safe_psql('postgres', qq{
		copy (select event('$count terms ' || i, case when i % 10 = 0 then 7200 else 60 end) from generate_series(1, $count) i) to '$file'});
	my $session = $node->background_psql('postgres', on_error_stop => 0, timeout => 3600);
	my $pid = $session->query_safe('select pg_backend_pid()');
	# what any load needs, the library and the catalogues, is not counted
	$session->query_safe("insert into events (event) values (event('first of $count', 60))");
	my $before = peak($pid);
	my $begin = time();
	$session->query_safe("copy events (event) from '$file'");
	push @measured, { count => $count, seconds => time() - $begin, before => $before, peak => peak($pid) };
	$session->quit;
	unlink $file;

	is( $node->safe_psql('postgres', qq{
			select count(*), count(*) filter (where not learned) from newterm.baseline where starts_with(term ->> 'eventName', '$count terms')}),
		"$count|" . int($count / 10), "$count terms are stored");
	is( $node->safe_psql('postgres', qq{select count(*) from newterm.signals where starts_with(term ->> 'eventName', '$count terms')}),
		int($count / 10), 'a tenth of them with signals');
}
is($node->safe_psql('postgres', 'select count(*) from newterm.event_errors'), 0, 'no errors');

foreach my $m (@measured)
{
	note(sprintf('%d terms: %.1f s, %.1f us a term, memory at most %.1f MB, %.1f MB before',
		$m->{count}, $m->{seconds}, $m->{seconds} / $m->{count} * 1e6, $m->{peak} / 1024, $m->{before} / 1024));
	cmp_ok($m->{peak} - $m->{before}, '<', 64 * 1024, "$m->{count} terms: bounded memory, in kB");
}
# four times as many take four times as long, sixteen times where something is quadratic
my ($less, $more) = @measured[ 0, -1 ];
cmp_ok($more->{seconds} / $less->{seconds}, '<', 2.5 * $more->{count} / $less->{count}, 'the time is about linear');

# Thirty times the terms that the session's cache holds, in small transactions: what is forgotten makes room.
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query_safe('select pg_backend_pid()');
$session->query_safe("set newterm.cache_size = '64kB'");
my $script = join '', map { "insert into events (event) select event('round $_ ' || i, 60) from generate_series(1, 1000) i;\n" } 1 .. 60;
send_query($session, "$script select 1");
my $until = time() + 60;
my $inserted = 0;
while ($inserted < 60_000 && time() < $until)
{
	sleep(0.2);
	$inserted = $node->safe_psql('postgres', q{select count(*) from events where starts_with(event ->> 'eventName', 'round')});
}
is($inserted, 60_000, 'a session that sees far more terms than its cache holds goes on');
# one that goes round in circles cannot be stopped in another way
if ($inserted == 60_000) { $session->quit; }
else { kill 'KILL', $pid; }

$node->stop;
done_testing();
