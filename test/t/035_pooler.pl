# newterm-alerts through PgBouncer in transaction mode: no session is its own, and it hears no notification.  All is told
# once and in order, by one connection to the server for all, and again when the pooler was gone.
# Skipped where there is no pgbouncer (PGBOUNCER names another one).

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

my ($pooler) = grep { -x $_ } $ENV{PGBOUNCER} // (), map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'there is no pgbouncer' unless $pooler;

my $node = start_server('main', conf => "fsync = off\n");
watch_events($node);
my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $user = $node->safe_psql('postgres', 'select current_user');
append_to_file("$folder/users", qq("$user" ""\n));
append_to_file("$folder/ini", "[databases]\npostgres = host=" . $node->host . ' port=' . $node->port . " dbname=postgres\n[pgbouncer]\n"
	. "listen_addr = 127.0.0.1\nlisten_port = $port\nunix_socket_dir =\nauth_type = trust\nauth_file = $folder/users\nadmin_users = $user\n"
	. "logfile = $folder/log\npidfile = $folder/pid\npool_mode = transaction\ndefault_pool_size = 1\n");

# With one connection to the server for all clients, what is left behind in a session would be met by the next.
my $bouncer;
sub start_pooler
{
	$bouncer = IPC::Run::start([ $pooler, '-q', "$folder/ini" ], '<', \undef, '>', \my $out, '2>', \my $err);
	foreach (1 .. 100)
	{
		return if IPC::Run::run([ 'psql', '-XAtc', 'select 1', '-h', '127.0.0.1', '-p', $port, 'postgres' ], '>', \my $one, '2>', \my $said);
		sleep 0.1;
	}
	die 'the pooler does not start: ' . slurp_file("$folder/log");
}
sub stop_pooler { $bouncer->kill_kill(grace => 5); }

my $receiver = AlertReceiver->new;
sub sql { return $node->safe_psql('postgres', @_); }
sub see { my $second = 7200; sql('insert into events (event) values ' . join ', ', map { $second++; "(event('$_', $second))" } @_); }
sub status { my ($name) = @_; return sql("select concat_ws(' ', waiting, in_flight, parked) from newterm.delivery where subscription = '$name'"); }

# What a receiver got: names, in the order of arrival, with answers that were no success.
my @got;
sub got { push @got, map { JSON::PP->new->utf8->decode($_->{body})->{signal}{term}{eventName} . ($_->{status} == 200 ? '' : ":$_->{status}") } $receiver->requests; return join ' ', @got; }

sub wait_for
{
	my ($what, $wanted, $get) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $until = time + 20;
	sleep 0.05 while $get->() ne $wanted && time < $until;
	return is($get->(), $wanted, $what);
}

sql("select newterm.subscribe('$_')") foreach qw(once daemon);
start_pooler();
my @by_pooler = ('-h', '127.0.0.1', '-p', $port, '-d', 'postgres');

# ---- once ----

see('a', 'b');
my ($code, $out, $err) = alerts(@by_pooler, '-s', 'once', '--to', 'text', '--dry-run');
is($code, 0, 'dry run: status') or diag($err);
is($out =~ s/^.* first seen (\w).*\n/$1/mgr, 'ab', 'dry run: shows what waits');
is(status('once'), '2 0 0', 'and leaves it');
($code, $out, $err) = alerts(@by_pooler, '-s', 'once', '--to', 'text', '--once');
is($code, 0, 'once: status') or diag($err);
is($out =~ s/^.* first seen (\w).*\n/$1/mgr, 'ab', 'once: tells it');
is(status('once'), '0 0 0', 'acknowledged');
see('c');
($code, $out, $err) = alerts(@by_pooler, '-s', 'once', '--exec', 'exit 3', '--once', '--backoff', '0.001');
is($code . ' ' . status('once'), '1 1 0 0', 'what fails is given back');
sleep 0.01;
like((alerts(@by_pooler, '-s', 'once', '--to', 'text', '--once'))[1], qr/first seen c /, 'and told the next time');

# ---- as a daemon, two of one subscription ----

my @daemons = map { IPC::Run::start([ 'newterm-alerts', @by_pooler, '-s', 'daemon', '--to', 'webhook=' . $receiver->url('d/500/2'), '--poll', '0.2', '--backoff', '0.05', '-v' ],
	'<', \undef, '>', \my $out, '2>', "$folder/said-$_") } 1 .. 2;
wait_for('what waited, and what came', 'a b c', sub { return join ' ', grep { !/:/ } split / /, got() });
is(scalar(grep { /:500/ } @got), 2, 'with the answers that were tried again');
see('d');
wait_for('polled', 'd', sub { got(); return $got[-1] });
wait_for('acknowledged', '0 0 0', sub { status('daemon') });

# the pooler goes, and comes back
stop_pooler();
see('e');
sleep 0.5;
start_pooler();
wait_for('told when it is back', 'e', sub { got(); return $got[-1] });
# the server goes, and comes back behind it
$node->restart;
see('f');
wait_for('told when the server is back', 'f', sub { got(); return $got[-1] });
wait_for('acknowledged', '0 0 0', sub { status('daemon') });
foreach my $daemon (@daemons)
{
	$daemon->signal('TERM');
	$daemon->finish;
	is($daemon->full_result(0), 0, 'SIGTERM: stops in order');
}
is(join(' ', sort grep { !/:/ } @got), 'a b c d e f', 'each told once');
like(slurp_file("$folder/said-1"), qr/connection lost|no connection/, 'and said that the connection was lost');

# what newterm-alerts does leaves nothing in the sessions that it shares
my $left = '';
IPC::Run::run([ 'psql', '-XAt', '-h', '127.0.0.1', '-p', $port, 'postgres', '-c',
	"select (select count(*) from pg_prepared_statements), (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory')" ], '>', \$left);
is($left, "0|0\n", 'no prepared statement or lock is left');

stop_pooler();
$receiver->stop;
$node->stop;
done_testing();
