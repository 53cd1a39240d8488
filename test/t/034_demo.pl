# The tour: the generated month from alert to answer, and a folder of log files from summary to alerts; each leaves the report.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use IPC::Run;
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'no demo was built' unless $ENV{NEWTERM_DEMO} && $ENV{NEWTERM_GENERATE};

my $node = start_server('main', conf => "fsync = off\nautovacuum = off\n");
my $folder = PostgreSQL::Test::Utils::tempdir();
mkdir "$folder/month";
PostgreSQL::Test::Utils::system_or_bail($ENV{NEWTERM_GENERATE}, '--records', 6000, '--days', 30, '--folder', "$folder/month");

# What the tour says in a database of its own.
sub tour
{
	my ($name, @arguments) = @_;
	my ($out, $error) = ('', '');
	$node->safe_psql('postgres', "create database $name");
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGDATABASE} = $name;
	local $ENV{TERM} = 'dumb';
	my $status = IPC::Run::run([ $ENV{NEWTERM_DEMO}, @arguments, "$folder/month" ], '>', \$out, '2>', \$error, IPC::Run::timeout(300));
	ok($status, "$name: the tour ends well") or diag($error);
	is($error, '', "$name: without complaints");
	return $out;
}

my $said = tour('month', '--month', '--report', "$folder/month.html");
like($said, qr/ALERT  HIGH .*assumed a role in \d+ for the first time.*ALERT/s, 'alerts are heard');
like($said, qr/verdict +\w/, 'one is explained');
is($node->safe_psql('month', 'select id, status, archive_reason, assignee from newterm.signals where id <= 4 order by id'),
	"1|archived|true_positive_benign|\n2|under_review||nora\n3|open||\n4|archived|true_positive_malicious|", 'one is accepted, one looked at, one was an attack');
is($node->safe_psql('month', 'select name, kind from newterm.suppressions order by 1'), "accept signal 1|mute\nmetrics vendor|mute", 'and one muted');
like(slurp_file("$folder/month.html"), qr/<article class="signal high closed".*<\/html>/s, 'the report is left');

$said = tour('logs', '--report', "$folder/logs.html");
like($said, qr/What is in them.*installed +115.*What would have alerted.*aws-/s, 'files, summary, pack, what would have alerted');
is($node->safe_psql('logs', 'select count(*) = 6000 from cloudtrail'), 't', 'all records are there');
cmp_ok($node->safe_psql('logs', 'select count(*) from newterm.signals'), '>', 0, 'the rules are on, and tell of the past');
is($node->safe_psql('logs', q{select count(*) from newterm.detections where status = 'live'}),
	$node->safe_psql('logs', q{select count(*) from newterm.backtest() where status = 'detection'}), 'as the backtest said');
like(slurp_file("$folder/logs.html"), qr/<article .*<\/html>/s, 'the report is left');
$node->stop;
done_testing();
