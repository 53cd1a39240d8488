# Four loaders and three newterm-alerts, each killed and restarted twenty times, and a receiver that answers 200, 429,
# 500 and nothing in turn: every change arrives at least once at each, none is lost, and there is one order.

use strict;
use warnings;
use File::Basename;
use JSON::PP;
use lib dirname(__FILE__) . '/../lib';
use AlertReceiver;
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use constant KILLS => 20;

my $node = start_server('main', conf => "fsync = off\n");
watch_events($node);
$node->safe_psql('postgres', 'create sequence names');
my $receiver = AlertReceiver->new;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';

# Names that are new, that come again earlier, and that turn out to be learned.
my $folder = PostgreSQL::Test::Utils::tempdir();
append_to_file("$folder/load", "select pg_sleep(random() * 2) \\g /dev/null\n"
	. "insert into events (event) values (event('name ' || nextval('names') % 30, (3000 + random() * 20000)::int));\n") foreach 1 .. 200;

my @names = ('a', 'b', 'c');
my %processes = map { ("loader $_" => [ 'psql', '-X', '-q', '-f', "$folder/load" ]) } 1 .. 4;
foreach my $name (@names)
{
	$node->safe_psql('postgres', "select newterm.subscribe('$name')");
	$processes{"subscriber $name"} = [ 'newterm-alerts', '-s', $name, '--to', 'webhook=' . $receiver->url("$name/turn"),
		'--timeout', '0.1', '--lease', '0.6', '--batch', '5', '--backoff', '0.01', '--poll', '0.2' ];
}

sub begin_process
{
	my ($name) = @_;
	my $pid = fork() // die "no process: $!";
	return $pid if $pid;
	open(STDIN, '<', '/dev/null');
	open(STDOUT, '>', '/dev/null');
	open(STDERR, '>>', "$folder/said " . $name);
	exec { $processes{$name}[0] } @{ $processes{$name} } or POSIX::_exit(127);
}

sub end_process { my ($pid) = @_; kill 'KILL', $pid; waitpid $pid, 0; return $?; }

my %pids = map { $_ => begin_process($_) } sort keys %processes;
my %kills = map { $_ => 0 } keys %processes;
my (%died, @left);
while (@left = grep { $kills{$_} < KILLS } sort keys %kills)
{
	my $name = $left[ rand @left ];
	sleep 0.16;
	# one that had ended by itself would not have died of the signal
	$died{$name}++ if end_process($pids{$name}) == 9;
	$kills{$name}++;
	$pids{$name} = begin_process($name);
}
is(join(' ', map { $died{$_} } sort keys %died), join(' ', (KILLS) x 7), 'each ran until it was killed');
end_process($pids{"loader $_"}) foreach 1 .. 4;
# of each kind one at least, however little the loaders came to on a busy machine
$node->safe_psql('postgres', "insert into events (event) values (event('of each kind', $_))") foreach 20000, 19000, 60;
# what a killed loader's server process was in the middle of ends before long
$node->poll_query_until('postgres', "select count(*) = 0 from pg_stat_activity where application_name = 'psql' and pid <> pg_backend_pid()") or die 'loaders do not end';

my $until = time + 60;
while ($node->safe_psql('postgres', q{
		select count(*) from newterm.delivery where newterm.unpark(subscription) >= 0 and (waiting > 0 or in_flight > 0 or parked > 0)}) > 0)
{
	last if time > $until;
	sleep 0.2;
}
end_process($pids{"subscriber $_"}) foreach @names;

is($node->safe_psql('postgres', 'select subscription, waiting, in_flight, parked, lapsed from newterm.delivery order by 1'),
	"a|0|0|0|0\nb|0|0|0|0\nc|0|0|0|0", 'all is acknowledged');
my %expected = map { split /\|/ } split /\n/, $node->safe_psql('postgres', 'select uuid, position from newterm.changes');
cmp_ok(scalar keys %expected, '>', 30, scalar(keys %expected) . ' changes');
is($node->safe_psql('postgres', q{select string_agg(distinct kind, ' ') from newterm.changes}), 'amend new retract', 'of each kind');

my (%arrived, %statuses, $wrong);
foreach my $request ($receiver->requests)
{
	my (undef, $name) = split m{/}, $request->{path};
	$statuses{$name}{ $request->{status} }++;
	next unless $request->{status} == 200;
	my $told = JSON::PP->new->utf8->decode($request->{body});
	push @{ $arrived{$name} }, $told;
	$wrong = "$told->{change} at $told->{pos}" if $told->{pos} != ($expected{ $told->{change} } // -1);
}
is($wrong, undef, 'each has its position, the same one everywhere');
foreach my $name (@names)
{
	my %seen;
	$seen{ $_->{change} }++ foreach @{ $arrived{$name} };
	is(join(' ', sort keys %seen), join(' ', sort keys %expected), "$name: every change arrived");
	note("$name: " . scalar(@{ $arrived{$name} }) . ' deliveries of ' . scalar(keys %seen) . ' changes; answers ' . join(', ', map { "$_: $statuses{$name}{$_}" } sort keys %{ $statuses{$name} }));
	is(scalar(grep { $statuses{$name}{$_} } 200, 429, 500, 0), 4, "$name: it had each of the answers");
}
is($node->safe_psql('postgres', q{
	select count(*) from newterm.changes c where kind <> 'new'
		and not exists (select from newterm.changes n where n.signal_id = c.signal_id and n.kind = 'new' and n.position < c.position)}),
	0, 'a signal is told before what changes it');
is($node->safe_psql('postgres', q{
	select count(*) from (select kind, lead(kind) over (partition by signal_id order by position) as next from newterm.changes) c where kind = 'retract' and next is not null}),
	0, 'and nothing is told of it behind its end');
state_is_right($node, 'the loaders left the state of their events');
$receiver->stop;
$node->stop;
done_testing();
