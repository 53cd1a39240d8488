#!/usr/bin/env perl
#
# Random events and rules, loaded in random ways, compared with the oracle: the long form of the property test.
# test/stress/run calls this with a server that has newterm.
#
#   SEED=n        the first trial's seed; trial i has seed n + i, so that SEED=… TRIALS=1 replays one
#   TRIALS=n      how many (default 1000)
#   SHRINK=0      do not make failures smaller
#   WITHOUT=…     leave out some of: immediate (SET CONSTRAINTS), prepare (two-phase commit), change (of how rules
#                 learn, after a load), noise (changes of rules, locks and cancels during a load); the dice fall as
#                 with them
#   ISOLATION=…   one isolation level for all transactions, such as serializable
#   SESSIONS=n    the number of sessions of every load
#   FAILURES=n    the number of failed trials to stop at (default 3)
#
# Scripts that reproduce failures are left in $STRESS_RESULTS (default: stress-results in the current folder).

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Handle;

my ($here, $installation, $terminal);

BEGIN
{
	$here = dirname(abs_path(__FILE__));

	# The modules below send standard output to a log.
	open $terminal, '>&', \*STDOUT or die "cannot keep standard output: $!";
	$terminal->autoflush(1);

	# PostgreSQL's test modules lie beside PGXS.
	my $pg_config = $ENV{PG_CONFIG} // 'pg_config';
	chomp($installation = `$pg_config --pgxs`);
	$installation =~ s{/src/makefiles/pgxs\.mk$}{} or die "no pg_config, or no PGXS with it\n";
	unshift @INC, $here, "$installation/src/test/perl";
	chomp(my $bin = `$pg_config --bindir`);
	$ENV{PATH} = "$bin:$ENV{PATH}";
	$ENV{PG_REGRESS} //= "$installation/src/test/regress/pg_regress";
	# PostgreSQL 15 reads the first, later ones the others
	$ENV{TESTDIR}     //= tempdir('newterm-stress-XXXXXX', TMPDIR => 1, CLEANUP => 1);
	$ENV{TESTDATADIR} //= "$ENV{TESTDIR}/data";
	$ENV{TESTLOGDIR}  //= "$ENV{TESTDIR}/log";
	make_path($ENV{TESTDATADIR}, $ENV{TESTLOGDIR});
	die "a PostgreSQL server does not run as root: start this as another user\n" if $> == 0;
}

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Stress;

my $seed    = $ENV{SEED} || 1 + int(rand(1_000_000_000));
my $trials  = $ENV{TRIALS} || 1000;
my $most    = $ENV{FAILURES} || 3;
my $results = $ENV{STRESS_RESULTS} || 'stress-results';
my $shared  = $ENV{NEWTERM_SHARED_DATA} || "$here/../../../shared/data";

print $terminal "seed $seed, $trials trials", (-d $shared ? '' : ', own records only'), "\n";

my $node = PostgreSQL::Test::Cluster->new('stress');
$node->init(extra => [ "--encoding=UTF8", "--locale=C" ]);
$node->append_conf('postgresql.conf', Stress::configuration());
$node->start;

my $stress = Stress->new(connection => $node->connstr, scratch => tempdir(CLEANUP => 1), shared => $shared,
	isolation => $ENV{ISOLATION}, sessions_of_all => $ENV{SESSIONS},
	without => { map { $_ => 1 } split /\W+/, $ENV{WITHOUT} // '' });
$stress->prepare;

my $began  = time();
my $failed = 0;
my $done   = 0;
foreach my $number (0 .. $trials - 1)
{
	my $trial = $seed + $number;
	my @failures = $stress->trial($trial);
	$done++;
	foreach my $failure (@failures)
	{
		print $terminal "SEED=$trial TRIALS=1: $failure->{what}\n";
		my @wrong = @{ $failure->{wrong} };
		print $terminal map { "    $_\n" } @wrong[ 0 .. ($#wrong < 7 ? $#wrong : 7) ];
		print $terminal '    and ', @wrong - 8, " more\n" if @wrong > 8;
		if (grep { /session is gone/ } @wrong)
		{
			# the server's log knows more about a crash
			my @log = grep { /TRAP|PANIC|terminated by signal/ } split /\n/, slurp_file($node->logfile);
			print $terminal map { "    $_\n" } splice @log, $#log > 3 ? -3 : 0;
		}
		make_path($results);
		my $load = $failure->{load};
		my $file = "$results/$load->{table}{name}.sql";
		my $without = {};
		($load, $without) = $stress->shrink($load) if ($ENV{SHRINK} // 1);
		open my $out, '>', $file or die "cannot write $file: $!";
		print $out "-- SEED=$trial TRIALS=1: $failure->{what}\n", map { "-- $_\n" } @wrong;
		print $out $stress->write_reproduction($load, $without);
		close $out;
		print $terminal "    reproduced by $file\n";
	}
	$failed++ if @failures;
	last if $failed >= $most;
	printf $terminal "%d trials, %.0f s\n", $done, time() - $began if $done % 100 == 0;
}

my $statistics = $stress->{statistics};
printf $terminal "%d loads by %d sessions under %d rules: %d events stored, %d runs and %d detections compared\n",
  map { $_ // 0 } @$statistics{qw(loads sessions rules events runs detections)};
printf $terminal "%d rows were postponed when their load ended, %d statements were cancelled\n", map { $_ // 0 } @$statistics{qw(postponed cancelled)};
printf $terminal "%.2f s a trial\n", (time() - $began) / $done;
printf $terminal "%d passed, %d failed\n", $done - $failed, $failed;
$stress->close_sessions;
$node->stop;
ok($failed == 0, "$done trials from seed $seed");
done_testing();
