# What the tests with servers of their own share: a server with the extension, a watched table, the oracle.

package NewtermServer;

use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use parent 'Exporter';
our @EXPORT = qw(new_server start_server watch_events state_is_right signals said send_query);

# A server that is not started yet; the lines of its configuration can be added to.
sub new_server
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my @init = $options{allows_streaming} ? (allows_streaming => $options{allows_streaming}) : ();
	$node->init(@init, extra => [ '--encoding=UTF8', '--no-locale' ]);
	$node->append_conf('postgresql.conf',
		"timezone = 'UTC'\nmax_prepared_transactions = 10\nmax_connections = 40\n" . ($options{conf} // ''));
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

# The live state is the one that follows from the stored events, and nothing went wrong inside.
sub state_is_right
{
	my ($node, $what, $database) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is( $node->safe_psql($database // 'postgres', q{
			select r.rule, to_jsonb(d) from oracle.rules r, oracle.differences(r.rule) d
			union all
			select 'event_errors', to_jsonb(e) from newterm.event_errors e limit 10}),
		'', $what);
}

# The names that signals tell of, each as often as it is told, in order: those that begin so.
sub signals
{
	my ($node, $prefix, $database) = @_;
	return $node->safe_psql($database // 'postgres', qq{
		select string_agg(term ->> 'eventName', ' ' order by term ->> 'eventName')
		from newterm.signals where retracted_at is null and starts_with(term ->> 'eventName', '$prefix')});
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
