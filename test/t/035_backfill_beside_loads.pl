# Two backfills over the same stored events, four loaders that insert more, and somebody who unlearns, all at once: in the end
# the state is the one that verify and the oracle compute, and the one of a database that saw all of it by live insertion.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use lib dirname(__FILE__) . '/../stress';
use NewtermServer;
use History;
use PostgreSQL::Test::Utils;
use StressSession;
use Test::More;

plan skip_all => 'needs the generator of records' unless $ENV{NEWTERM_GENERATE};

my $records = 4000;
my $loaders = 4;
my $node = start_server('main', conf => "fsync = off\nlog_statement = none\ndeadlock_timeout = '100ms'\nclient_min_messages = warning\n");
my $scratch = PostgreSQL::Test::Utils::tempdir();

sub copy
{
	return "copy calls (event) from stdin with (format csv, quote e'\\x01', delimiter e'\\x02');\n" . join('', @_) . "\\.\n";
}

# A database with the rules; its table has parts, so that a backfill commits often.
sub database
{
	my ($name) = @_;
	$node->safe_psql('postgres', "create database $name");
	create_events($node, $name, q{create table calls (event jsonb) partition by hash ((event ->> 'eventName'));}
		. join '', map { "create table calls_$_ partition of calls for values with (modulus 8, remainder $_);\n" } 0 .. 7);
}

# Run scripts, each in a session of its own, at once.
sub run_at_once
{
	my ($name, @scripts) = @_;
	my @sessions = map { StressSession->new($node->connstr($name)) } @scripts;
	foreach my $number (0 .. $#scripts)
	{
		append_to_file("$scratch/$name.$number.sql", $scripts[$number]);
		$sessions[$number]->start("$scratch/$name.$number.sql");
	}
	my @said = map { $_->finish(180) } @sessions;
	$_->close foreach @sessions;
	return join "\n", @said;
}

# Three fifths of the records are stored, the earliest one among them; the loaders have the others, and some of both twice.
my (@stored, @hands, $earliest);
deal_records($records, 100, sub {
	my ($number, $list) = @_;
	foreach my $record (@$list)
	{
		my ($at) = $record =~ /"eventTime":"([^"]*)"/ or die;
		$earliest = [ $at, $record ] if !$earliest || $at lt $earliest->[0];
		my $is_stored = rand() < 0.6;
		push @stored, $record if $is_stored;
		push @{ $hands[ rand($loaders) ] }, $record if !$is_stored || rand() < 0.3;
	}
});
unshift @stored, $earliest->[1];

# ---- live insertion alone ----

database('live');
create_rules($node, 'live');
suppress($node, 'live');
unlearn_before($node, 'live');
is(run_at_once('live', copy($earliest->[1]) . copy(@stored) . join('', map { copy(@$_) } @hands) . unlearn_meanwhile()), '', 'live insertion alone');

# ---- all at once ----

database('beside');
$node->safe_psql('beside', 'alter table calls disable trigger user');
is(run_at_once('beside', copy(@stored)), '', 'records are stored before there are rules');
$node->safe_psql('beside', q{
	alter table calls enable trigger user;
	-- so slow that much of what loaders do, and the unlearnings, fall between reading a part and committing it
	create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(0.2); return null; end $$;
	create trigger dawdle after update on newterm.progress_log for each row when (new.phase = 'reading') execute function dawdle();});
create_rules($node, 'beside');
suppress($node, 'beside');
unlearn_before($node, 'beside');
my @scripts;
foreach my $hand (@hands)
{
	# one record in a transaction: of several, an unlearning would judge the first alone (docs/history.md)
	push @scripts, join '', map { copy($_) } @$hand;
}
my $said = run_at_once('beside', @scripts, ('call newterm.backfill(signals => true);') x 2, 'select from pg_sleep(0.7) \g /dev/null' . unlearn_meanwhile());
is($said, '', 'two backfills, four loaders and unlearnings at once, and nobody hears of the others');
my $postponed = $node->safe_psql('beside', 'select count(*) from newterm.postponed');
note("$postponed sightings were postponed in the end");
$node->safe_psql('beside', 'select newterm.merge_postponed()');
is($node->safe_psql('beside', q{select count(*) from newterm.progress where phase = 'done'}), 2, 'both backfills came to their end');
is($node->safe_psql('beside', q{select string_agg(distinct origin, ' ' order by origin) from newterm.baseline}), 'backfill live', 'they and loaders learned side by side');
is($node->safe_psql('beside', q{
		analyze;
		select string_agg(distinct status, ' ' order by status) from history.state}),
	'detection learned muted', 'there is something of each kind');

# ---- the same ----

is($node->safe_psql('beside', 'select r.name, to_jsonb(v) from newterm.rules r, newterm.verify(r.name) v limit 10'), '', 'verify: the state is that of the events');
describe_to_oracle($node, 'beside');
cmp_ok($node->safe_psql('beside', 'select count(*) from oracle.rules'), '>=', 10, 'the oracle knows some of the rules');
is($node->safe_psql('beside', 'select r.rule, to_jsonb(d) from oracle.rules r, oracle.differences(r.rule) d limit 10'), '', 'oracle: the state is that of the events');
$node->safe_psql('live', 'analyze');
my %state = map { $_ => $node->safe_psql($_, 'select * from history.state order by what, rule, entity, term, first_seen') } 'live', 'beside';
my %lines = map { $_ => { map { $_ => 1 } split /\n/, $state{$_} } } keys %state;
is(join("\n", grep { !$lines{beside}{$_} } sort keys %{ $lines{live} }), '', 'live insertion alone gives nothing more');
is(join("\n", grep { !$lines{live}{$_} } sort keys %{ $lines{beside} }), '', 'and nothing less');
ok($state{live} eq $state{beside}, 'the state is that of live insertion alone');

$node->stop;
done_testing();
