# pgbench, eight clients, keys in the worst of orders: no deadlock, no failure, one detection a run.
#
# NEWTERM_PGBENCH_SECONDS (default 5) for each of two loads, of an unwatched table and of a watched one.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{NEWTERM_PGBENCH_SECONDS} // 4;

my $node = start_server('main', conf => "fsync = off\nlog_statement = none\ndeadlock_timeout = '100ms'\nmax_wal_size = 2GB\n");
watch_events($node);
more_rules($node);
$node->safe_psql('postgres', q{
	create table unwatched (id bigint generated always as identity, event jsonb);
	-- a name out of twenty that are new every fifth of a second, to everybody at once
	create function hot(n int) returns text language sql as
		$$ select 'hot ' || (extract(epoch from clock_timestamp()) * 5)::bigint || ' ' || n $$;});

# Transactions of two to ten statements, of one to three rows each; names hot, fresh and old, times in any order.
my $folder = PostgreSQL::Test::Utils::tempdir();
sub script
{
	my ($table, $statements) = @_;
	my $text = '';
	my $body = '';
	foreach my $number (1 .. $statements)
	{
		my @rows;
		foreach my $row (1 .. 1 + $number % 3)
		{
			my $name = ("hot(:n${number}_$row)", "hot(:n${number}_$row)", "'fresh ' || :f${number}_$row", "'old ' || :n${number}_$row")[ ($number + $row) % 4 ];
			$text .= "\\set n${number}_$row random(1, 20)\n\\set f${number}_$row random(1, 1000000000)\n\\set s${number}_$row random(0, 20000)\n";
			push @rows, "(event($name, :s${number}_$row, 'caller ' || :n${number}_1))";
		}
		$body .= "savepoint s;\n" if $number == 5;
		$body .= 'insert into ' . $table . ' (event) values ' . join(', ', @rows) . ";\n";
		$body .= "rollback to s;\n" if $number == 6;
	}
	my $file = "$folder/$table.$statements";
	append_to_file($file, "${text}begin;\n${body}commit;\n");
	return $file;
}

sub bench
{
	my ($table) = @_;
	my ($out, $error);
	my $done = IPC::Run::run(
		[ 'pgbench', '-n', '-c', 8, '-j', 2, '-T', $seconds, (map { ('-f', script($table, $_)) } 2, 3, 5, 7, 10), $node->connstr('postgres') ],
		'<', \undef, '>', \$out, '2>', \$error);
	ok($done, "$table: every client comes to its end") or diag($error);
	unlike($error, qr/deadlock|could not serialize|ERROR|WARNING/, "$table: and nobody hears of anything");
	like($out, qr/number of failed transactions: 0 /, "$table: no transaction fails");
	return $out =~ /^tps = ([\d.]+)/m ? $1 : 0;
}

my $without = bench('unwatched');
my $with = bench('events');
note(sprintf("transactions a second: %.0f unwatched, %.0f watched by four rules, %.0f %%", $without, $with, 100 * $with / ($without || 1)));
note('events|runs|detections: ' . $node->safe_psql('postgres', q{select (select count(*) from events),
	(select count(*) from newterm.runs), (select count(*) from newterm.detections where status = 'live')}));

unlike(slurp_file($node->logfile), qr/deadlock detected|could not serialize|PANIC|TRAP|newterm could not/, "the server's log knows of nothing either");
cmp_ok($node->safe_psql('postgres', q{select count(*) from newterm.detections where term ->> 'eventName' like 'hot%'}), '>', 100,
	'hot names were told of');
cmp_ok($node->safe_psql('postgres', q{select count(*) from newterm.signals where change_reason is not null}), '>', 10,
	'some were changed by late events');
state_is_right($node, 'one live detection a run, and one signal each: the state of the oracle');

$node->stop;
done_testing();
