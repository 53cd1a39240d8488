# Every function of the extension survives every argument, NULL and hostile ones, from a role without rights and from
# the owner.  The functions come from pg_proc: one that is added is called, too.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# Values of each type: the first one is of the usual kind, the others are not.
my $deep = "(repeat('[', 3000) || repeat(']', 3000))";
my @texts = (q~'eventName'~, q~''~, q~' '~, q~'a:('~, q~E'\\\\'~, q~E'\x01\t\n'~, q~'%s%n{{{{}}'~, q~'names'~, q~'events'~, q~'datadog'~,
	q~'{"Records": [null, 1, {}]}'~, q~'U&\d800'~, q~'https://[::1]'~, q~U&'\+01f600\202e'~, q~repeat('x', 1000000)~, q~repeat('(', 100000)~,
	q~repeat('a.', 100000)~, q~repeat('a:b OR ', 10000) || 'c'~, q~repeat('lower(', 10000)~, q~repeat('{', 1000000)~, $deep,
	q~repeat('{"a":', 100000)~, q~'infinity'~, q~'999999999999999999999999999999'~);
my @regclasses = (q~'public.events'~, q~0~, q~4294967295::oid~, q~'pg_class'~, q~'newterm.runs'~, q~'newterm.rules'~, q~'newterm.baseline'~, q~'newterm.rule_id'~,
	q~'newterm.runs_digest'~, q~'public.parts'~, q~'pg_stats'~, q~'public.seen'~);
my %values = (
	'text' => \@texts,
	'character varying' => \@texts,
	'name' => [ q~'event'~, q~''~, q~'no such thing'~, q~repeat('x', 63)~, q~'ctid'~, q~'tableoid'~, q~'names'~ ],
	'boolean' => [ 'true', 'false' ],
	'smallint' => [ 1, 0, -1, 32767, -32768 ],
	'integer' => [ 1, 0, -1, 2147483647, -2147483648 ],
	'bigint' => [ 1, 0, -1, '9223372036854775807', "'-9223372036854775808'" ],
	'numeric' => [ 1, 0, -1, "'NaN'", "'1e131071'" ],
	'double precision' => [ 1, 0, -1, "'NaN'", "'Infinity'", "'1e308'" ],
	'interval' => [ q~'1 day'~, q~'0'~, q~'-1 microsecond'~, q~'178000000 years'~, q~'-178000000 years'~, q~'-4 years 1461 days'~ ],
	'timestamp with time zone' => [ q~'2024-03-01'~, q~'infinity'~, q~'-infinity'~, q~'4714-11-24 00:00+00 BC'~, q~'294276-12-31 23:59:59+00'~ ],
	'date' => [ q~'2024-03-01'~, q~'infinity'~, q~'-infinity'~, q~'4714-11-24 BC'~, q~'5874897-12-31'~ ],
	'jsonb' => [ q~'{"eventName": "x", "eventTime": "2024-03-01T00:00:00Z"}'~, q~'null'~, q~'""'~, q~'[]'~, q~'{}'~, q~'0'~, q~'{"": {"": ""}}'~,
		q~'{"filter": null}'~, q~'{"name": "names", "fields": ["a"], "filter": "a:b"}'~, q~'[null, [null], {"a": null}]'~, q~'1e131071'~,
		q~'{"eventName": [1e131071, -1e-16383], "eventTime": 7}'~, q~'{"eventTime": "294276-12-31T00:00:00Z", "eventName": "\u202e\u0001"}'~,
		$deep, q~(select jsonb_object_agg('k' || i, i) from generate_series(1, 5000) i)~,
		q~(select jsonb_build_object('eventName', jsonb_agg(i)) from generate_series(1, 5000) i)~, q~to_jsonb(repeat('x', 1000000))~ ],
	'json' => [ q~'{"eventName": "x"}'~, q~'null'~, q~'[]'~, $deep, q~'{"a": 1, "a": 2}'~ ],
	'bytea' => [ q~'{}'~, q~''~, q~'\x00'~, q~'\x1f8b'~, q~'\x1f8b0800000000000003'~, q~'\xff'~, q~decode(repeat('00', 1000000), 'hex')~ ],
	'uuid' => [ q~'00000000-0000-0000-0000-000000000000'~, q~'ffffffff-ffff-ffff-ffff-ffffffffffff'~ ],
	'oid' => [ q~'public.events'::regclass~, q~0~, q~4294967295~ ],
	'tid' => [ q~'(0,1)'~, q~'(0,0)'~, q~'(4294967295,65535)'~ ],
	'regclass' => \@regclasses,
	'regrole' => [ q~'somebody'~, q~0~, q~4294967295::oid~, q~10~, q~'pg_read_all_data'~ ],
	'regtype' => [ q~'jsonb'~, q~0~, q~4294967295::oid~, q~'trigger'~ ]);
$values{"$_\[]"} = array_values($_) foreach ('text', 'bigint', 'integer', 'jsonb', 'name', 'regclass', 'uuid', 'timestamp with time zone');
# with their types, as the function takes any
my @any = map { my $type = $_; map { "($_)::$type" } @{ $values{$type} }[ 0 .. 1 ] } sort keys %values;
push @any, "'x'", 'row(1, row(2))', 'null::newterm.rules', "'[1,2)'::int4range", "'B'::\"char\"";

sub array_values
{
	my ($type) = @_;
	my $plain = $values{$type}[0];
	return [ "array[$plain]::${type}[]", "'{}'", "'{NULL}'", "array[$plain, null]::${type}[]", "array[[$plain, $plain], [$plain, $plain]]::${type}[]",
		"array_fill(($plain)::$type, '{3}', '{-7}')", "array_fill(($plain)::$type, '{20000}')",
		map { "array[$_]::${type}[]" } @{ $values{$type} }[ 1 .. $#{ $values{$type} } ] ];
}

sub values_of
{
	my ($type) = @_;
	return @any if $type =~ /^"any"$|^any(element|nonarray|compatible)$/;
	my $of_type = $values{$type} or return;
	return map { $_ =~ /::\Q$type\E$/ ? $_ : "($_)::$type" } @$of_type;
}

# The calls of a function: all plain, all NULL, and in each place NULL and every value, beside plain ones and NULLs.
sub calls
{
	my ($function) = @_;
	my @types = @{ $function->{types} };
	my @plain = map { (values_of($_))[0] } @types;
	my @null = map { /"any"|^any/ ? 'null::jsonb' : "null::$_" } @types;
	my %seen;
	my @calls = ([@plain], [@null]);
	foreach my $place (0 .. $#types)
	{
		foreach my $value ($null[$place], values_of($types[$place]))
		{
			foreach my $others (\@plain, \@null)
			{
				my @arguments = @$others;
				$arguments[$place] = $value;
				push @calls, \@arguments;
			}
		}
	}
	my $verb = $function->{kind} eq 'p' ? 'call' : 'select';
	my $variadic = $function->{variadic} ? 'variadic ' : '';
	return grep { !$seen{$_}++ }
	  map { my @a = @$_; $a[-1] = $variadic . $a[-1] if @a; "$verb newterm.$function->{name}(" . join(', ', @a) . ')' } @calls;
}

my $node = start_server('main', conf => "fsync = off\nlog_min_messages = fatal\n");
watch_events($node);
more_rules($node);
$node->safe_psql('postgres', q{
	create role somebody;
	create table parts (part int, event jsonb) partition by list (part);
	create view seen as select * from events;
	insert into events (event) select event('name ' || i, 7200 + i) from generate_series(1, 20) i;
	insert into events (event) values ('{}');});

# A rule's row, as it is stored and as it cannot be: without each of its columns, and with others' values.
my $stored = "(select r from newterm.rules r where name = 'names')";
my @changes = map { qq({"$_": null}) } split /\n/, $node->safe_psql('postgres', "select attname from pg_attribute where attrelid = 'newterm.rules'::regclass and attnum > 0");
push @changes, '{}', '{"fields": []}', '{"fields": [null]}', '{"fields": [["a", "b"], ["c", "d"]]}', '{"group_by": [["a"], ["b"]]}', '{"filter": "("}', '{"fields": ["a["]}',
	'{"fields": ["a", "b", "c", "d", "e", "f", "g", "h", "i"], "group_by": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]}', '{"language": "no such"}',
	'{"granule": "0", "forget_after": "0"}', '{"granule": "-1 day", "forget_after": "-178000000 years", "learning": "178000000 years"}', '{"learning_values": -7}',
	'{"learning_scope": "entity"}', '{"learning_scope": "no such"}', '{"id": -1, "version": -1}', '{"learning_from": "infinity"}', '{"title": "{{", "message": "{{}}"}';
$values{'newterm.rules'} = [ $stored, (map { "(select jsonb_populate_record(r, '$_') from newterm.rules r where name = 'names')" } @changes), 'null' ];
$values{'newterm.rules[]'} = array_values('newterm.rules');
$values{$_} = [ "jsonb_populate_record(null::$_, '{}')", "null::$_" ] foreach ('newterm.pack_rules', 'newterm.watches', 'newterm.unlearnings', 'newterm.replayed', 'newterm.replayed_start', 'newterm.signals');
$values{'newterm.replayed_start[]'} = array_values('newterm.replayed_start');

my @functions = map {
	my ($oid, $name, $kind, $variadic, $public, $types) = split /\|/, $_, -1;
	{ name => $name, kind => $kind, variadic => $variadic eq 't', public => $public eq 't', types => [ split /, /, $types ] }
} split /\n/, $node->safe_psql('postgres', q{
	select p.oid, quote_ident(p.proname), p.prokind, p.provariadic <> 0, has_function_privilege('somebody', p.oid, 'execute'),
		(select coalesce(string_agg(format_type(t, null), ', ' order by n), '') from unnest(p.proargtypes) with ordinality a(t, n))
	from pg_proc p where p.pronamespace = 'newterm'::regnamespace
		and 'internal'::regtype <> all (p.proargtypes) -- which no SQL has
	order by 1});
cmp_ok(scalar @functions, '>', 20, 'there are functions');
my %without = map { $_ => 1 } grep { !values_of($_) } map { @{ $_->{types} } } @functions;
is(join(' ', sort keys %without), '', 'there are values of each type that a function takes');

# Call everything as a role; each call ends within some seconds, whatever it does.
foreach my $role ('somebody', 'postgres')
{
	my ($count, $begin) = (0, time);
	foreach my $function (@functions)
	{
		my @calls = calls($function);
		@calls = @calls[ 0 .. 0 ] if $role eq 'somebody' && !$function->{public};
		my $script = "\\set VERBOSITY verbose\nselect pg_backend_pid();\nset statement_timeout = '3s';\n\\o /dev/null\n";
		$script .= "begin;\nset local role $role;\n$_;\nrollback;\n" foreach @calls;
		$script .= "$_;\n" foreach $function->{kind} eq 'p' && $role eq 'postgres' ? ($calls[1]) : ();
		$script .= "\\o\nselect pg_backend_pid();\n";
		my ($out, $error) = ('', '');
		my $slow = time;
		$node->psql('postgres', $script, on_error_stop => 0, stdout => \$out, stderr => \$error, timeout => 300);
		my @pids = split /\n/, $out;
		is(scalar @pids, 2, "newterm.$function->{name}, " . scalar(@calls) . " calls of $role: the server lives on")
		  or diag(substr($error, -2000));
		cmp_ok(time - $slow, '<', 10 + 4 * @calls, 'each call ends');
		like($error, qr/permission denied/, 'to whom it is nothing, it is denied') if $role eq 'somebody' && !$function->{public};
		unlike($error, qr/XX000|cache lookup failed|unrecognized (?!configuration)|could not open relation with OID|invalid memory alloc/,
			'no argument gets an answer that is not for users');
		$count += @calls;
	}
	note(sprintf("%d calls as %s in %.1f s", $count, $role, time - $begin));
}
my $log = slurp_file($node->logfile);
unlike($log, qr/terminated by signal|TRAP:|PANIC/, 'nothing crashed');
my $trigger_functions = $node->safe_psql('postgres', q{
	select count(*) filter (where has_function_privilege('somebody', oid, 'execute')) from pg_proc
	where pronamespace = 'newterm'::regnamespace and prorettype = 'trigger'::regtype});
is($trigger_functions, 0, 'trigger functions are nobody\'s but the owner\'s');
$node->stop;
done_testing();
