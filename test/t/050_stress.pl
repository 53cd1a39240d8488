# The property test in short, and four sessions that load the same real records at once.
#
# make stress runs the long form; a failure here is replayed by "make stress SEED=… TRIALS=1".

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../stress';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Stress;
use StressSession;

my $shared = $ENV{NEWTERM_SHARED_DATA} || dirname(__FILE__) . '/../../../shared/data';

my $node = PostgreSQL::Test::Cluster->new('stress');
$node->init(extra => [ "--encoding=UTF8", "--locale=C" ]);
$node->append_conf('postgresql.conf', Stress::configuration());
$node->start;

my $stress = Stress->new(
	connection => $node->connstr,
	scratch    => PostgreSQL::Test::Utils::tempdir(),
	shared     => $shared);
$stress->prepare;

# The same trials every time, so that a red test is red for a reason.
my $first = 1000;
foreach my $trial ($first .. $first + 29)
{
	my @failures = $stress->trial($trial);
	ok(!@failures, "trial $trial")
	  or diag(map { ("SEED=$trial TRIALS=1: $_->{what}\n", map { "    $_\n" } @{ $_->{wrong} }) } @failures);
}

SKIP:
{
	skip 'no real records here', 2 unless -e "$shared/invictus_ir_aws.ndjson";

	my $database = $stress->{database};
	$node->safe_psql($database, q{
		create table calls (
			id        bigint generated always as identity,
			event     jsonb,
			loaded_at timestamptz default now(),
			txn       xid8 default pg_current_xact_id());
		create or replace view oracle.events as
			select id, event, oracle.event_time(event, loaded_at) as at, txn from calls;
		truncate oracle.rules;
		insert into oracle.rules (rule, fields, group_by, learning)
			values ('first calls', '{eventName}', '{userIdentity.arn}', '20 minutes');
		select newterm.watch('calls');
		select newterm.create_rule('first calls', '{eventName}', group_by => '{userIdentity.arn}',
			learning => '20 minutes', learning_from => '2023-07-10T11:42:36Z');});

	# Four parts, each a quarter of every minute, in small transactions; one session's part twice.
	open my $in, '<', "$shared/invictus_ir_aws.ndjson" or die $!;
	chomp(my @records = <$in>);
	close $in;
	my @parts = map { my $part = $_; [ @records[ grep { $_ % 4 == $part } 0 .. $#records ] ] } 0 .. 3;
	push @{ $parts[3] }, @{ $parts[0] };
	my @sessions = map { StressSession->new($node->connstr($database)) } @parts;
	foreach my $number (0 .. 3)
	{
		my $script = '';
		while (my @some = splice @{ $parts[$number] }, 0, 7 + $number)
		{
			$script .= "copy calls (event) from stdin with (format csv, quote e'\\x01', delimiter e'\\x02');\n"
			  . join('', map { "$_\n" } @some) . "\\.\n";
		}
		$sessions[$number]->start($stress->write_file("part$number.sql", $script));
	}
	my @said = map { $_->finish(120) } @sessions;
	is(join("\n", @said), '', 'four sessions load at once, and nobody hears of it');
	$_->close foreach @sessions;
	is( $node->safe_psql($database, q{select * from oracle.differences('first calls')}),
		'', 'their state is the one of the oracle');
}

$node->stop;
done_testing();
