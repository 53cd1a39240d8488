# The bench: its records are what its README says, and each scenario gives its figures, with few records and whatever
# the times.  What the scenarios compare by themselves, such as the detections of all alternatives, is compared here too.

use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Utils;
use Test::More;

my $generate = $ENV{NEWTERM_GENERATE};
my $records = 100_000;

# -- the records

my (@sizes, %names, %sources, %identities, %ids, $copies, $backwards, $cross_account);
my $latest = '';
open(my $data, '-|', $generate, '--records', $records) or die "$generate: $!";
while (my $line = <$data>)
{
	chomp $line;
	push @sizes, length $line;
	$names{ ($line =~ /"eventName":"(\w+)"/)[0] } = 1;
	$sources{ ($line =~ /"eventSource":"([\w.-]+)"/)[0] } = 1;
	$identities{ ($line =~ /"userIdentity":\{"type":"(\w+)"/)[0] }++;
	$copies++ if $ids{ ($line =~ /"eventID":"([\w-]+)"/)[0] }++;
	my ($time) = $line =~ /"eventTime":"([\w:.-]+)"/;
	$backwards++ if $time lt $latest;
	$latest = $time if $time gt $latest;
	$cross_account++ if $line =~ /"sharedEventID"/;
}
close $data or die "$generate failed";
@sizes = sort { $a <=> $b } @sizes;

# Is the number between two others?
sub between
{
	my ($number, $least, $most, $what) = @_;
	ok($least <= $number && $number <= $most, "$what: $number, wanted $least to $most");
}

is(scalar @sizes, $records, 'as many records as asked for');
between($sizes[ $records * 0.50 ], 1350, 1450, 'bytes of the median');
between($sizes[ $records * 0.90 ], 1650, 1750, 'bytes of the ninth tenth');
between($sizes[ $records * 0.99 ], 2250, 2450, 'bytes of the 99th hundredth');
between($sizes[-1], 50_000, 70_000, 'bytes of the largest');
between(scalar(keys %names), 480, 560, 'event names');
between(scalar(keys %sources), 54, 56, 'event sources');
ok($identities{$_}, "identities of type $_") foreach qw(AssumedRole IAMUser Root AWSService AWSAccount);
ok($cross_account, 'records that two accounts have in common');
between($copies / $records * 100, 4.5, 5.5, 'percent of duplicates');
between($backwards / $records * 100, 50, 99, 'percent of records that are late');

# -- the scenarios

my $root = dirname(dirname($generate));
my $tree = PostgreSQL::Test::Utils::tempdir() . '/tree';
system_or_bail('cp', '-a', $root, $tree);
my @scenarios = map { basename(dirname($_)) } glob("$tree/test/bench/*/run");
cmp_ok(scalar @scenarios, '>', 5, 'scenarios are found');

$ENV{STRICT} = 'no';
$ENV{ROUNDS} = 1;
$ENV{RECORDS} = 600;
$ENV{TERMS} = 20_000;
$ENV{DUCKDB} = 'no';
$ENV{GEOIP_FILE} = 'no';
delete $ENV{SCENARIO};
my ($out, $err);
my $passed = IPC::Run::run([ 'bash', "$tree/test/bench/run" ], '>', \$out, '2>', \$err);
ok($passed, 'the bench ends well') or BAIL_OUT("$out\n$err");

# Of the ratios some cannot be told with so few records; all times are there.
my ($raw) = $out =~ /^Raw figures: (\S+)\.csv;/m;
my %figures;
foreach my $line (split /\n/, slurp_file("$tree/$raw.csv") . slurp_file("$tree/$raw-figures.csv"))
{
	my ($scenario, @values) = split /,/, $line;
	push @{ $figures{$scenario} }, $line unless grep { !length } @values;
}
ok($figures{$_}, "$_ gives figures") foreach @scenarios;

done_testing();
