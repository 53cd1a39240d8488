# What a client that listens hears: each signal once, after the commit, as JSON that fits.

use strict;
use warnings;
use Encode;
use File::Basename;
use JSON::PP;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_server('main', conf => "fsync = off\n");
watch_events($node);

my $listener = $node->background_psql('postgres', on_error_stop => 0);
$listener->query_safe('listen newterm');

sub sql { return $node->safe_psql('postgres', @_); }

# All payloads since the last time.  Notifications come in the order of commits, so that a mark of ours comes last.
my $marks = 0;
sub payloads
{
	my $mark = 'mark ' . ++$marks;
	my $text = $listener->query("notify newterm, '$mark'");
	$text .= $listener->query('select') while $text !~ /payload "$mark"/;
	return grep { !/^mark / } $text =~ /^Asynchronous notification "newterm" with payload "(.*)" received from server process with PID \d+\.$/mg;
}

sub heard { return map { JSON::PP->new->utf8->decode($_) } payloads(); }

# Kinds and names, in short.
sub heard_names { return join ', ', map { "$_->{kind} " . ($_->{term}{eventName} // $_->{signals}) } heard(); }

# ---- when ----

my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe("begin; insert into events (event) values (event('first', 7200))");
is(heard_names(), '', 'nothing is heard of an open transaction');
$session->query_safe('commit');
my @heard = heard();
is(scalar @heard, 1, 'one notification after the commit');
is_deeply($heard[0], {
		kind => 'new', signal => 0 + sql("select id from newterm.signals"), rule => 'names', severity => 'medium',
		title => sql("select title from newterm.signals"), entity => {}, term => { eventName => 'first' },
		event_time => '2024-03-01T02:00:00Z', event_id => 'first at 7200' },
	'which says what the signal says');

$session->query_safe("insert into events (event) values (event('first', 7300)), (event('second', 7200)), (event('second', 7210))");
$session->query_safe("begin; insert into events (event) values (event('undone', 7200)); rollback");
$session->query_safe("begin; insert into events (event) values (event('third', 7200)); savepoint s;
	insert into events (event) values (event('undone', 7200)); rollback to s; commit");
$session->query("begin; insert into events (event) values (event('undone', 7200)); select 1 / 0; commit");
like(said($session), qr/division by zero/, 'a transaction that fails');
is(heard_names(), 'new second, new third', 'each signal once, nothing of what was rolled back');
is(sql("select count(*) from newterm.signals where term ->> 'eventName' = 'undone'"), 0, 'nor is it stored');

sql("insert into events (event) values (event('first', 7100))");
@heard = heard();
is(join(' ', map { "$_->{kind} $_->{signal} $_->{event_time}" } @heard), 'amend 1 2024-03-01T01:58:20Z', 'a late event amends');
like($heard[0]{reason}, qr/earlier start/, 'with a reason');
sql("insert into events (event) values (event('first', 60))");
@heard = heard();
is(join(' ', map { "$_->{kind} $_->{signal}" } @heard), 'retract 1', 'a later one retracts');
like($heard[0]{reason}, qr/inside learning/, 'with a reason');

# ---- triage, and another channel ----

sql("update newterm.signals set status = 'archived', archive_reason = 'false_positive', assignee = 'me' where title ~ 'second'");
@heard = heard();
is(join(' ', map { "$_->{kind} $_->{signal} $_->{term}{eventName} $_->{event_id} ($_->{reason})" } @heard),
	'update 2 second second at 7200 (status archived (false_positive), assigned to me)', 'triage is told');
sql(q{set newterm.max_notifications = 1; begin;
	update newterm.signals set status = 'under_review' where title ~ 'second';
	update newterm.signals set status = 'open' where title ~ 'second|third';
	update newterm.signals set status = 'archived' where title ~ 'second|third';
	commit});
is(join(', ', map { $_->{kind} } heard()), 'update, more', 'as often as newterm.max_notifications allows');
sql(q{set newterm.channel = 'Other "channel"'; insert into events (event) values (event('elsewhere told', 7200))});
is(heard_names(), '', 'nothing is told on this channel where newterm.channel is another');
$listener->query_safe('listen "Other ""channel"""');
sql(q{set newterm.channel = 'Other "channel"'; insert into events (event) values (event('told there', 7200))});
like($listener->query('select'), qr/^Asynchronous notification "Other "channel"" with payload "\{"kind":"new",.*told there/m, 'but there');
$listener->query_safe('unlisten "Other ""channel"""');

# ---- how many ----

sql(q{set newterm.max_notifications = 2; insert into events (event) select event('many ' || i, 7200 + i) from generate_series(1, 5) i});
is(heard_names(), 'new many 1, new many 2, more 3', 'newterm.max_notifications, and one that tells of the rest');
sql(q{set newterm.max_notifications = 2; insert into events (event) select event('few ' || i, 7200 + i) from generate_series(1, 2) i});
is(heard_names(), 'new few 1, new few 2', 'no rest, no more');
sql(q{set newterm.max_notifications = 0; insert into events (event) select event('silent ' || i, 7200 + i) from generate_series(1, 3) i});
is(heard_names(), 'more 3', 'none at all but the rest');
is(sql("select count(*) from newterm.signals where term ->> 'eventName' ~ '^(many|few|silent)'"), 10, 'signals are there all the same');

# ---- two-phase commit ----

sql("begin; insert into events (event) values (event('prepared', 7200)); prepare transaction 'p1'");
is(heard_names(), '', 'nothing is heard of a prepared transaction');
$session->query_safe("commit prepared 'p1'");
is(heard_names(), 'new prepared', 'it is announced by COMMIT PREPARED in a session that has used newterm');
# each sql() is a session of its own, which knows nothing of newterm before it inserts
sql("begin; insert into events (event) values (event('elsewhere', 7200)); prepare transaction 'p2'");
sql("commit prepared 'p2'");
is(heard_names(), '', 'not yet by one that has not');
sql("insert into events (event) values (event('merging', 7200))");
is(heard_names(), 'new elsewhere, new merging', 'but by the next merge of any session');
sql("begin; insert into events (event) values (event('dropped', 7200)); prepare transaction 'p3'");
$session->query_safe("rollback prepared 'p3'");
sql('select newterm.merge_postponed()');
is(heard_names(), '', 'never after ROLLBACK PREPARED');
is(sql('select count(*) from newterm.postponed'), 0, 'nothing is left behind');

# ---- what ----

# Is it the beginning of a text, with "…" for the rest?
sub begins
{
	my ($is, $full) = @_;
	return $is =~ /^(.*)\x{2026}$/s && index($full, $1) == 0;
}

# Members of a payload's object beside those of the signal's: long keys are shortened too.
sub pairs
{
	my ($is, $full) = @_;
	my @pairs;
	foreach my $key (sort keys %$full)
	{
		my @found = grep { $_ eq $key || begins($_, $key) } keys %$is;
		push @pairs, [ "$key (" . @found . ')', @found == 1 ? $is->{ $found[0] } : undef, $full->{$key} ];
		push @pairs, [ 'key', @found, $key ] if @found == 1 && $found[0] ne $key;
	}
	return @pairs;
}

# Perl reads a megabyte of JSON slowly: what is more than a payload can hold does not matter.
sql(q{create function beginning(value jsonb) returns jsonb language sql as $$
	select case jsonb_typeof(value) when 'string' then to_jsonb(left(value #>> '{}', 8000))
		when 'object' then (select coalesce(jsonb_object_agg(key, beginning(v)), '{}') from jsonb_each(value) e(key, v))
		else value end $$});

# A payload must be valid UTF-8 below 8000 bytes; its values are those of the event, or a beginning of them and "…".
sub payload_is_right
{
	my ($what, $event, %options) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$node->psql('postgres', $options{rule}) if $options{rule};
	$node->psql('postgres', "insert into events (event) values (jsonb_build_object('eventTime', '2024-03-01T02:00:00Z') || $event);");
	my @payloads = payloads();
	is(scalar @payloads, $options{count} // 1, "$what: notified");
	foreach my $payload (@payloads)
	{
		cmp_ok(length $payload, '<', 8000, "$what: it fits");
		ok(eval { decode('UTF-8', my $copy = $payload, Encode::FB_CROAK); 1 }, "$what: valid UTF-8");
		unlike(decode('UTF-8', my $text = $payload), qr/[\x00-\x1f\x7f-\x9f\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]/,
			"$what: nothing hides in it");
		my $object = eval { JSON::PP->new->utf8->decode($payload) };
		ok($object, "$what: valid JSON") or next;
		my $stored = JSON::PP->new->utf8->decode(sql("select beginning(to_jsonb(s) - '{event,terms}'::text[]) from newterm.signals s where id = $object->{signal}"));
		my $shortened = 0;
		my @wrong;
		foreach my $pair (
			(map { [ $_, $object->{$_}, $stored->{$_} ] } qw(rule title event_id)),
			(map { pairs($object->{$_}, $stored->{$_}) } qw(entity term)))
		{
			my ($name, $is, $full) = @$pair;
			if (!defined $is) { push @wrong, "no $name" if defined $full; }
			elsif ($is ne $full)
			{
				$shortened = 1;
				push @wrong, "$name is $is" unless begins($is, $full);
			}
		}
		is(join(', ', map { encode('UTF-8', $_) } @wrong), '', "$what: values are whole, or begin so");
		is(!!$object->{shortened}, !!$shortened, "$what: says whether it is shortened");
		is($shortened, $options{shortened}, "$what: and is so where it has to be") if defined $options{shortened};
	}
}

payload_is_right('quotes and control characters',
	q{jsonb_build_object('eventName', E'a"b\\\\c/d\x01\x1f\x7f\n\t\r\b\fé日𝄞'' <&>', 'eventID', E'"\n')}, shortened => 0);
payload_is_right('nothing but control characters', q{jsonb_build_object('eventName', repeat(E'\x01', 5000), 'eventID', repeat('"', 5000))}, shortened => 1);
payload_is_right('control characters of all kinds, and bidirectional marks',
	q{jsonb_build_object('eventName', U&'\007f\0080\0085\009f\061c\200e\200f\2028\2029\202a\202e\2066\2069 \05d0\0627\00e9', 'eventID', U&'\202e')}, shortened => 0);
payload_is_right('an empty term', q{jsonb_build_object('eventName', '', 'eventID', '')}, shortened => 0);
# each character at each distance from where it is cut
foreach my $character ('é', '日', '𝄞')
{
	foreach my $before (0 .. 3)
	{
		payload_is_right("$before and 1 MB of $character",
			"jsonb_build_object('eventName', repeat('x', $before) || repeat('$character', 1000000 / octet_length('$character')), 'eventID', repeat('y', $before) || repeat('$character', 100000))",
			shortened => 1);
	}
}

my $fields = join ',', map { "f$_" } 1 .. 8;
my $paths = join ',', map { '\"' . ($_ x 500) . '\"' } 'a' .. 'h';
sql(q{select newterm.drop_rule('names')});
payload_is_right('8 fields of 100 kB, an entity of 8, a long title and a long name',
	"(select jsonb_object_agg('f' || i, repeat(chr(1000 + i) || '\"', 50000)) from generate_series(1, 8) i)
		|| jsonb_build_object('eventID', repeat('i', 100000))",
	rule => "select newterm.create_rule('rule' || repeat('é', 3000), '{$fields}', group_by => '{$fields}', learning => '0', learning_from => '2024-01-01', title => repeat('long {{f1}}', 1000))",
	shortened => 1);
sql(q{select newterm.drop_rule(name) from newterm.rules});
payload_is_right('8 fields with long names',
	"(select jsonb_object_agg(repeat(chr(96 + i), 500), repeat(E'\\x01', 2000)) from generate_series(1, 8) i)",
	rule => "select newterm.create_rule('long names', '{$paths}', learning => '0', learning_from => '2024-01-01')");
sql(q{select newterm.drop_rule(name) from newterm.rules});
payload_is_right('numbers, booleans and objects',
	q{'{"eventName": 12345678901234567890.5, "x": true, "y": {"a": [1, "é"]}}'},
	rule => q{select newterm.create_rule('types', '{eventName, x, "text(y)"}', learning => '0', learning_from => '2024-01-01')}, shortened => 0);
sql(q{select newterm.drop_rule(name) from newterm.rules});
sql(q{select newterm.create_rule('huge', '{eventName, x}', learning => '0', learning_from => '2024-01-01')});
sql(q{insert into events (event) values ('{"eventTime": "2024-03-01T02:00:00Z", "eventName": 1e131071, "x": {"a": [-1e500, 7.50], "b": 1e-501}}')});
@heard = heard();
is_deeply($heard[0]{term}, { eventName => "\x{2026}", x => { a => [ "\x{2026}", 7.5 ], b => "\x{2026}" } }, 'numbers of too many digits: none of them');
ok($heard[0]{shortened}, 'and the payload says so');
is(sql('select count(*) from newterm.event_errors'), 0, 'no errors');

# ---- changed learning ----

sql(q{select newterm.drop_rule(name) from newterm.rules});
sql(q{select newterm.create_rule('changed', '{eventName}', learning => '0', learning_from => '2024-01-01', title => 'saw {{eventName}}')});
sql("insert into events (event) values (event('one', 7200)), (event('two', 7300))");
is(heard_names(), 'new one, new two', 'two terms are told of');
sql(q{select newterm.alter_rule('changed', '{"learning": "100 days"}')});
@heard = heard();
is(join(', ', map { "$_->{kind} $_->{title}" } @heard), 'retract saw one, retract saw two', 'learning that is changed retracts them');
like($heard[0]{reason}, qr/^learning was changed: .*inside learning$/, 'with a reason');
sql(q{begin; select newterm.alter_rule('changed', '{"learning": "0"}'); rollback});
is(heard_names(), '', 'nothing is heard of a change that is rolled back');
sql(q{select newterm.alter_rule('changed', '{"learning": "0"}')});
is(heard_names(), '', 'what changed learning detects is history, of which nobody hears');
is(sql("select origin, count(*) from newterm.detections where rule = 'changed' and status = 'live' group by 1"), 'backfill|2', 'although it is stored');
sql(q{select newterm.alter_rule('changed', '{"learning": "100 days"}')});
is(heard_names(), '', 'nor where it is retracted again');
sql(q{select newterm.alter_rule('changed', '{"learning": "0"}')});
sql("insert into events (event) values (event('one', 7100))");
is(heard_names(), 'amend one', 'a late event that changes it is told');
sql(q{delete from newterm.signals});
sql("insert into events (event) values (event('two', 7100))");
is(join(', ', map { "$_->{kind} $_->{title}" } heard()), 'amend saw two', 'a signal that somebody deleted still has a title');

$session->quit;
$listener->quit;
$node->stop;
done_testing();
