# What the tests with servers of their own share: a server with the extension, a watched table, the oracle.

package NewtermServer;

use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use parent 'Exporter';
our @EXPORT = qw(new_server start_server watch_events more_rules start_load state_is_right signals said send_query crash);

# A server that is not started yet; the lines of its configuration can be added to.
sub new_server
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my @init = $options{allows_streaming} ? (allows_streaming => $options{allows_streaming}) : ();
	$node->init(@init, extra => [ '--encoding=UTF8', '--no-locale' ]);
	$node->append_conf('postgresql.conf',
		"timezone = 'UTC'\nnewterm.lint = off\nmax_prepared_transactions = 10\nmax_connections = 40\n" . ($options{conf} // ''));
	return $node;
}

sub start_server
{
	my $node = new_server(@_);
	$node->start;
	return $node;
}

# The extension, events with a rule on their names that learns for an hour, and the oracle over them.
sub watch_events
{
	my ($node, $database) = @_;
	$database //= 'postgres';
	$node->safe_psql($database, "create extension newterm;\n" . slurp_file(dirname(__FILE__) . '/oracle.sql'));
	$node->safe_psql($database, q{
		create function event(name text, second int, who text default 'somebody') returns jsonb
		language sql stable as $$
			select jsonb_build_object('eventName', name, 'eventID', name || ' at ' || second, 'userIdentity', jsonb_build_object('arn', who),
				'eventTime', to_char(timestamp '2024-03-01' + second * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) $$;
		create table events (id bigint generated always as identity, event jsonb);
		create or replace view oracle.events as
			select id, event, oracle.event_time(event, now()) as at, null::xid8 as txn from events;
		select newterm.watch('events');
		select newterm.create_rule('names', '{eventName}', learning => '1 hour', learning_from => '2024-03-01');
		insert into oracle.rules (rule, fields, learning) values ('names', '{eventName}', '1 hour');});
}

# Rules of the other kinds: with a clock that sets itself and short runs, and with clocks and first values of entities.
sub more_rules
{
	my ($node) = @_;
	$node->safe_psql('postgres', q{
		select newterm.create_rule('hours', '{eventName}', learning => '1 hour', forget_after => '1 hour', granule => '1 minute');
		select newterm.create_rule('callers', '{eventName}', group_by => '{userIdentity.arn}', learning => '1 hour', learning_scope => 'entity');
		select newterm.create_rule('first', '{eventName}', group_by => '{userIdentity.arn}', learning_values => 20, learning_scope => 'entity');
		insert into oracle.rules (rule, fields, group_by, learning, learning_values, learning_scope, forget_after, granule) values
			('hours', '{eventName}', '{}', '1 hour', null, 'rule', '1 hour', '1 minute'),
			('callers', '{eventName}', '{userIdentity.arn}', '1 hour', null, 'entity', '90 days', '1 hour'),
			('first', '{eventName}', '{userIdentity.arn}', '7 days', 20, 'entity', '90 days', '1 hour');});
}

# pgbench in the background, with so many transactions a second: hot and fresh names in any order, early and late
# events, savepoints, and a transaction in ten prepared before it commits.
sub start_load
{
	my ($node, $clients, $rate, $seconds) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my $begin = "\\set hot random(1, 50)\n\\set other random(1, 50)\n\\set fresh random(1, 1000000000)\n"
	  . "\\set caller random(1, 5)\n\\set second random(0, 200000)\nbegin;\n"
	  . insert("'hot ' || :hot") . insert("'fresh ' || :fresh") . insert("'hot ' || :other")
	  . "savepoint s;\n" . insert("'undone ' || :fresh") . "rollback to s;\n";
	append_to_file("$folder/commit", "${begin}commit;\n");
	append_to_file("$folder/prepare", "${begin}prepare transaction 'load :client_id';\n\\sleep 30 ms\ncommit prepared 'load :client_id';\n");
	my $load = { said => '' };
	$load->{run} = IPC::Run::start(
		[ 'pgbench', '-n', '-c', $clients, '-j', 2, '-R', $rate, '-T', $seconds,
			'-f', "$folder/commit\@9", '-f', "$folder/prepare\@1", $node->connstr('postgres') ],
		'<', \undef, '>&', \$load->{said});
	return $load;
}

sub insert
{
	my ($name) = @_;
	return "insert into events (event) values (event($name, :second, 'caller ' || :caller));\n";
}

# The live state is the one that follows from the stored events, and nothing went wrong inside.
sub state_is_right
{
	my ($node, $what, $database) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	# without statistics the oracle takes ten times as long
	is( $node->safe_psql($database // 'postgres', q{
			analyze;
			select r.rule, to_jsonb(d) from oracle.rules r, oracle.differences(r.rule) d
			union all
			select 'event_errors', to_jsonb(e) from newterm.event_errors e limit 10}),
		'', $what);
}

# The names that signals of the rule "names" tell of, each as often as it is told, in order: those that begin so.
sub signals
{
	my ($node, $prefix, $database) = @_;
	return $node->safe_psql($database // 'postgres', qq{
		select string_agg(term ->> 'eventName', ' ' order by term ->> 'eventName')
		from newterm.signals where rule = 'names' and retracted_at is null and starts_with(term ->> 'eventName', '$prefix')});
}

# Kill a server and all its processes: the postmaster first, so that nobody restarts anything, then what it started.
sub crash
{
	my ($node) = @_;
	my @children = split /\n/, $node->safe_psql('postgres', 'select pid from pg_stat_activity where pid <> pg_backend_pid()');
	my ($postmaster) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');
	$node->kill9;
	kill 'KILL', @children;
	foreach my $process ($postmaster, @children)
	{
		select(undef, undef, undef, 0.01) while kill 0, $process;
	}
}

# What a background psql wrote to its standard error since the last time.
sub said
{
	my ($session) = @_;
	my $text = $session->{stderr};
	$session->{stderr} = '';
	return $text;
}

# Have a background psql start a command without waiting for its end.
sub send_query
{
	my ($session, $sql) = @_;
	$session->query_until(qr/sending/, "\\echo sending\n$sql;\n");
}

1;
