# What the tests of history share: a hundred and ten rules that learn and forget in all ways, with suppressions and
# unlearnings, and records of an invented company, some of which come late and some twice.

package History;

use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

use parent 'Exporter';
our @EXPORT = qw(create_events create_rules suppress unlearn_before unlearn_meanwhile describe_to_oracle deal_records);

my $lib = dirname(__FILE__);

# The extension, a watched table whose definition is given, the oracle over it, and lib/history.sql.
sub create_events
{
	my ($node, $database, $definition) = @_;
	$node->safe_psql($database, 'create extension newterm;' . slurp_file("$lib/oracle.sql") . slurp_file("$lib/history.sql") . qq{
		$definition;
		create or replace view oracle.events as
			select row_number() over () as id, event, (event ->> 'eventTime')::timestamptz as at, null::xid8 as txn from calls;
		select newterm.watch('calls');});
}

# The rules of the bench, anew; most of them learn or forget in another way than there.
sub create_rules
{
	my ($node, $database) = @_;
	$node->safe_psql($database, 'select newterm.drop_rule(name) from newterm.rules;' . slurp_file("$lib/../bench/rules.sql") . q{
		select newterm.drop_rule(name) from newterm.rules where name > 'bench-110';
		select newterm.alter_rule(name, changes) from (
			select name, case right(name, 3)::int % 11
				when 1 then '{"forget_after": "2 days"}'
				when 2 then '{"learning_scope": "entity", "learning": "3 days"}'
				when 3 then '{"learning_values": 30}'
				when 4 then '{"learning_values": 5, "learning_scope": "entity", "forget_after": "5 days"}'
				when 5 then '{"learning": "1 day", "forget_after": "6 hours", "granule": "10 minutes"}'
				when 6 then '{"mode": "observe"}'
				when 7 then '{"forget_after": null, "learning": "0"}' end::jsonb as changes
			from newterm.rules where group_by <> '{}') c
		where changes is not null;});
}

# What is void or muted of some rules, for good. Mutes look at what the term is and when it was seen: which of several events
# of the same second is the first is nobody's promise.
sub suppress
{
	my ($node, $database) = @_;
	$node->safe_psql($database, q{
		select newterm.create_suppression('describe', 'eventName:Describe*', '{bench-002,bench-011,bench-048}', 'exclude', starts_at => '2025-06-10', expires_at => '2025-06-14');
		select newterm.create_suppression('region', rules => '{bench-003}', kind => 'exclude', starts_at => '2025-06-01', term => '{"awsRegion": "us-east-1"}');
		select newterm.create_suppression('service', rules => '{bench-020}', kind => 'exclude', starts_at => '2025-06-05', entity => '{"eventSource": "s3.amazonaws.com"}');
		select newterm.create_suppression('identity', rules => '{bench-002}', starts_at => '2025-06-01', term => '{"eventName": "GetCallerIdentity"}');
		select newterm.create_suppression('a week', rules => '{bench-005,bench-007}', starts_at => '2025-06-15', expires_at => '2025-06-22');});
}

# Unlearnings, half of which are there before the events that they are about.
sub unlearn_before
{
	my ($node, $database) = @_;
	$node->safe_psql($database, q{
		select newterm.unlearn('bench-002', by => 'userAgent:*Boto3* OR errorCode:*', since => '2025-06-03', until => '2025-06-12');
		select newterm.unlearn('bench-020', by => 'userIdentity.type:Root', until => '2025-06-20');
		select newterm.unlearn('bench-004', since => '2025-06-08', until => '2025-06-09 12:00');});
}

# The others, as one script. No filter of events is among them: where one comes while others load, what they have noted has
# no event to ask (docs/history.md).
sub unlearn_meanwhile
{
	return q{
		select newterm.unlearn('bench-003', entity => (select jsonb_build_object('recipientAccountId', min(event ->> 'recipientAccountId')) from calls), until => '2025-06-11') \g /dev/null
		select from pg_sleep(0.3) \g /dev/null
		select newterm.unlearn('bench-005', since => '2025-06-16', until => '2025-06-18') \g /dev/null
		select from pg_sleep(0.3) \g /dev/null
		select newterm.unlearn('bench-011', term => '{"eventSource": "ec2.amazonaws.com"}', since => '2025-06-02', until => '2025-06-24') \g /dev/null
		select from pg_sleep(0.3) \g /dev/null
		select newterm.unlearn('bench-026', since => '2025-06-10', until => '2025-06-13') \g /dev/null
	};
}

# Describe to the oracle the rules that bench/history/queries.txt asks for as they are, where nothing is void or muted: all of
# them, or those of few events.
sub describe_to_oracle
{
	my ($node, $database, $few_events) = @_;
	my %filter;
	foreach my $line (split /\n/, slurp_file("$lib/../bench/history/queries.txt"))
	{
		next unless $line =~ /^= (\d+) \| .* \| (.*)$/;
		my ($number, $filter) = ($1, $2);
		next if $few_events && $filter !~ /\{event(Name|Source)\}/;
		$filter =~ s/\{([^}]+)\}/"(e #>> '{" . $1 =~ s,\.,\,,gr . "}')"/ge;
		$filter{"bench-$number"} = $filter;
	}
	$node->safe_psql($database, 'truncate oracle.rules; ' . join '', map {
		my $filter = $filter{$_} =~ s/'/''/gr;
		"insert into oracle.rules
			select name, fields, group_by, '$filter', learning, learning_values, learning_scope, learning_from, forget_after, granule, optional_group_by, mode
			from newterm.rules r where name = '$_' and not exists (select from newterm.suppressions s where r.name = any (s.rules))
				and not exists (select from newterm.unlearnings u where u.rule_id = r.id);\n"
	} sort keys %filter);
}

# Records of a month, dealt out into lists of so many, each with a function that takes it: $take->($number, $records). Some
# come in a later list than their time has them, and some, beside those that the generator writes twice, come again.
sub deal_records
{
	my ($records, $in_each, $take) = @_;
	my (@list, @late);
	my $number = 0;
	srand(23);
	open my $in, '-|', $ENV{NEWTERM_GENERATE}, '--records', $records or die "cannot generate: $!";
	while (my $line = <$in>)
	{
		my $dice = rand();
		push @list, $line if $dice >= 0.05;
		push @late, $line if $dice < 0.07;
		next if @list < $in_each;
		push @list, splice @late, rand(@late), 1 foreach 1 .. @late / 3;
		$take->($number++, [ splice @list ]);
	}
	close $in or die 'the generator failed';
	$take->($number, [ @list, @late ]);
}

1;
