# Random filters, written as text, read and evaluated by the extension and by plain SQL.
#
# The regression test filter_random does this for 2,000 filters.  This one is for the long way:
#
#   NEWTERM_TREES=100000 make check TESTS=t/040_filter_random
#
# NEWTERM_SEED (from -1 to 1) repeats a run; the seed is printed.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $ntrees = $ENV{NEWTERM_TREES};
plan skip_all => 'NEWTERM_TREES is not set' unless $ntrees;

my $seed = $ENV{NEWTERM_SEED} // sprintf('%.9f', rand(2) - 1);
my $trees = abs_path(dirname(__FILE__) . '/../lib/predicate_trees.sql');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'\nfsync = off\n");
$node->start;
$node->safe_psql('postgres', 'create extension newterm');
$node->safe_psql('postgres', "set client_min_messages to warning;\n" . slurp_file($trees));

note("$ntrees filters, seed $seed (NEWTERM_SEED=$seed repeats this run)");

# In rounds, so that a transaction does not grow without end; each round's seed follows from the first.
my $evaluations = 0;
my $done = 0;
for (my $round = 0; $done < $ntrees; $round++)
{
	my $n = $ntrees - $done < 10_000 ? $ntrees - $done : 10_000;
	my $round_seed = $seed + $round * 1e-6;
	my $answer = $node->safe_psql('postgres',
		"select setseed($round_seed); call trees.compare($n)");

	$evaluations += (split /\|/, (split /\n/, $answer)[-1])[0];
	$done += $n;
}
is($evaluations, 4 * $ntrees, "$ntrees filters on 4 events each");

my $differences = $node->safe_psql('postgres',
	"select format('%s on %s: %s, not %s', filter, event, ours, theirs) from trees.differences limit 10");
is($differences, '', "no filter is evaluated otherwise than by SQL (seed $seed)");

$node->stop;
done_testing();
