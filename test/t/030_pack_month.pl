# The rule pack over a month of a company of 30 accounts, with twelve attacks in its second half.
#
# What is not an attack is a quiet company's month, in which a little is new every day.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $generate = $ENV{NEWTERM_GENERATE};
plan skip_all => 'needs the generator of records' unless $generate;

my $node = start_server('month');
my $file = PostgreSQL::Test::Utils::tempdir() . '/month';
system("$generate --routine --attacks --accounts 30 --records 10000000 --copy > $file") == 0 or die 'the generator failed';

$node->safe_psql('postgres', q{
	create extension newterm;
	create table events (event jsonb);
	select newterm.watch('events');
	create table accounts (event jsonb)});
# the company knows its accounts
$node->safe_psql('postgres', qq{
	copy accounts from '$file';
	insert into newterm.own_accounts select distinct event ->> 'recipientAccountId' from accounts;
	drop table accounts});
is( $node->safe_psql('postgres', 'select outcome, count(*) >= 100 from newterm.install_rules() group by outcome'),
	'installed|t', 'the pack is installed');
$node->safe_psql('postgres', "copy events from '$file'");

is($node->safe_psql('postgres', 'select * from newterm.event_errors'), '', 'every event was evaluated');
cmp_ok($node->safe_psql('postgres', 'select count(*) from events'), '>', 90000, 'a month of records');

$node->safe_psql('postgres', q{
	create view alerts as
		select s.*, s.event_id like 'a77ac000-%' as of_attack,
			substr(s.event_id, 12, 2)::text as attack, right(s.event_id, 2) as step
		from newterm.signals s});
is( $node->safe_psql('postgres', q{select min(first_seen) >= '2025-06-08' from alerts}), 't', 'nothing is told while the rules learn');
is( $node->safe_psql('postgres', q{
		select rule, count(*) from alerts where not of_attack group by rule having count(*) > 16}),
	'', 'no rule tells the quiet company more than once a day');
is( $node->safe_psql('postgres', q{
		select first_seen::date, count(*) from alerts where not of_attack group by 1 having count(*) > 10}),
	'', 'all together tell it at most ten times a day');
is( $node->safe_psql('postgres', q{
		select string_agg(distinct rule, ' ') from alerts where not of_attack and rule in
			('aws-console-new-person', 'aws-console-new-network', 'aws-secret-first-read', 'aws-client-new', 'aws-oidc-repository-assumes-role')}),
	'aws-client-new aws-console-new-network aws-console-new-person aws-oidc-repository-assumes-role aws-secret-first-read',
	'what is new there is told');
is( $node->safe_psql('postgres', q{
		select attack, min(step) from alerts where of_attack and severity in ('high', 'critical') group by attack order by attack}),
	join("\n", '01|01', '02|02', '03|02', '04|03', '05|01', '06|01', '07|02', '08|01', '09|02', '10|01', '11|02', '12|01'),
	'each attack is told, high or critical, at one of its first three events');

$node->stop;
done_testing();
