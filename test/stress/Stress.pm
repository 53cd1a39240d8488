# The property test: whatever the order, the batches, the sessions and the rollbacks, the state afterwards is
# the one that the oracle computes from the stored events.
#
# A trial is a set of events and a few rules, all from the trial's seed, loaded a few times: by one session and
# by several at once.  After each load oracle.differences() must be empty for every rule.

package Stress;

use strict;
use warnings;
use File::Basename;
use Time::HiRes;
use StressData;
use StressLoad;
use StressSession;

# options: connection (for psql -d, without a database), scratch (a folder of ours), shared (a folder of records,
# or undef), without, isolation, sessions_of_all (see trials.pl)
sub new
{
	my ($class, %options) = @_;
	my $self = bless { without => {}, %options, sessions => [], statistics => {}, databases => 0 }, $class;
	$self->{records} = read_records($options{shared});
	$self->{oracle}  = dirname(__FILE__) . '/../lib/oracle.sql';
	return $self;
}

# What the server needs for it.
sub configuration
{
	return "timezone = 'UTC'\nnewterm.lint = off\nfsync = off\nmax_connections = 30\nmax_prepared_transactions = 20\n"
	  . "track_commit_timestamp = on\nrestart_after_crash = on\n"
	  # times before 1970 have granules too
	  . "newterm.earliest_event_time = '1900-01-01'\n";
}

sub write_file
{
	my ($self, $name, $text) = @_;
	my $file = "$self->{scratch}/$name";
	open my $out, '>', $file or die "cannot write $file: $!";
	print $out $text;
	close $out;
	return $file;
}

# Session 0 prepares and compares, the others load.
sub session
{
	my ($self, $number) = @_;
	my $session = $self->{sessions}[$number];
	return $session if $session && $session->usable;
	return $self->{sessions}[$number] = StressSession->new("$self->{connection} dbname=$self->{database}");
}

sub close_sessions
{
	my ($self) = @_;
	$_->close foreach grep { defined } @{ $self->{sessions} };
	$self->{sessions} = [];
}

# After a crash: until the server takes sessions again.
sub await_server
{
	my ($self) = @_;
	foreach (1 .. 100)
	{
		$self->close_sessions;
		my ($said) = $self->ask("select 'back';\n");
		return if defined $said && $said eq 'back';
		Time::HiRes::sleep(0.2);
	}
	die "the server does not come back\n";
}

# A new database with the extension and the oracle: at the start, and after a failure, so that what is broken
# does not break what comes after it.
sub prepare
{
	my ($self) = @_;
	my $name = 'stress' . ++$self->{databases};
	$self->close_sessions;
	$self->{database} = 'postgres';
	my @said = $self->ask("create database $name template template0;\n");
	$self->close_sessions;
	$self->{database} = $name;
	push @said, $self->session(0)->run($self->write_file('prepare.sql', "create extension newterm;\n\\i $self->{oracle}\n"));
	die join("\n", 'cannot prepare:', @said) . "\n" if @said;
	my ($verify) = $self->ask("select to_regprocedure('newterm.verify(text)') is not null;\n");
	die "cannot ask\n" unless defined $verify && $verify =~ /^[tf]$/;
	$self->{verify} = $verify eq 't';
}

sub ask
{
	my ($self, $sql) = @_;
	return $self->session(0)->run($self->write_file('ask.sql', $sql));
}

# ---- one load ----

sub literal  { my ($value) = @_; return defined $value ? StressLoad::quoted($value) : 'null'; }
sub textarray { return 'array[' . join(', ', map { literal($_) } @{ $_[0] }) . ']::text[]'; }
sub span { my ($seconds) = @_; return defined $seconds ? "interval '$seconds s'" : 'null'; }

# The table, the view that the oracle reads, and the rules.
sub write_setup
{
	my ($self, $load) = @_;
	my $table = $load->{table};
	my $name  = $table->{name};
	my $time  = $table->{time_column} ? 'happened' : 'oracle.event_time(event::jsonb, loaded_at)';
	my $sql   = "create table $name (id bigint generated always as identity, event $table->{type},"
	  . ($table->{time_column} ? ' happened timestamptz,' : '')
	  . ' loaded_at timestamptz default now(), txn xid8 default pg_current_xact_id())'
	  . ($table->{partitioned}
		? " partition by hash (id);\n" . join '', map { "create table ${name}_$_ partition of $name for values with (modulus 3, remainder $_);\n" } 0 .. 2
		: ";\n");
	$sql .= "create or replace view oracle.events as select id, event::jsonb, $time as at, txn from $name;\n";
	$sql .= "select from newterm.watch('$name', 'event'" . ($table->{time_column} ? ", 'happened'" : '') . ");\n";
	$sql .= "truncate oracle.rules;\n";
	foreach my $rule (@{ $load->{rules} })
	{
		my $from = defined $rule->{learning_from} ? "timestamptz '$rule->{learning_from}'" : 'null';
		my @both = (
			[ fields            => textarray($rule->{fields}) ],
			[ group_by          => textarray($rule->{group_by}) ],
			[ learning          => span($rule->{learning}) ],
			[ learning_values   => $rule->{learning_values} // 'null' ],
			[ learning_scope    => literal($rule->{learning_scope}) ],
			[ learning_from     => $from ],
			[ forget_after      => span($rule->{forget_after}) ],
			[ granule           => span($rule->{granule}) ],
			[ optional_group_by => $rule->{optional_group_by} ],
			[ mode              => literal($rule->{mode}) ]);
		my $rule_name = literal("$name $rule->{name}");
		$sql .= "select from newterm.create_rule($rule_name, filter => " . literal($rule->{filter}) . ",\n    "
		  . join(",\n    ", map { "$_->[0] => $_->[1]" } @both) . ");\n";
		$sql .= "insert into oracle.rules (rule, filter, " . join(', ', map { $_->[0] } @both) . ")\n"
		  . "    values ($rule_name, " . literal($rule->{sql}) . ', ' . join(', ', map { $_->[1] } @both) . ");\n";
	}
	return $sql;
}

sub write_check
{
	my ($self, $load) = @_;
	my $name = $load->{table}{name};
	# what a cancel left prepared
	my $sql = cancels($load) ? "select format('commit prepared %L', gid) from pg_prepared_xacts where database = current_database() \\gexec\n" : '';
	# what prepared transactions showed, and what could not be merged in time, is merged by the next one that has
	# news, or by this
	$sql .= "select 'postponed', count(*) from newterm.postponed;\nselect newterm.merge_postponed() \\g /dev/null\n";
	$sql .= "select r.rule, to_jsonb(d) from oracle.rules r, oracle.differences(r.rule) d order by 1, 2;\n";
	# Which of several at once commits first can be seen only where merging is part of committing: what a prepared
	# transaction showed is merged by another, and which comes first is then anybody's guess.
	my $open = $load->{patience} || @{ $load->{plan}{sessions} } > 1 && grep { $_->{end} =~ /prepare/ } map { @$_ } @{ $load->{plan}{sessions} };
	$sql .= "select r.rule, to_jsonb(d)\n"
	  . "  from (select array_agg(txn order by pg_xact_commit_timestamp(txn::text::xid)) as committed\n"
	  . "          from (select distinct txn from oracle.events) as t) as c,\n"
	  . "       oracle.rules r, oracle.clock_differences(r.rule, c.committed) d order by 1, 2;\n"
	  unless $open;
	$sql .= "select r.rule, 'verify', to_jsonb(v) from oracle.rules r, newterm.verify(r.rule) v order by 1, 2;\n"
	  if $self->{verify};
	# what a change of learning uncovers is history and does not count as live
	$sql .= "select d.rule, 'origin', to_jsonb(d) from newterm.detections d where d.origin <> 'live';\n" unless $load->{noise};
	# each event without a usable time that concerns a rule is recorded, and nothing else: nothing went wrong inside
	my $given = $load->{table}{time_column} ? 'happened' : 'oracle.written_time(event::jsonb)';
	my $passes = join ' or ', map { "($_->{sql})" } @{ $load->{rules} };
	$sql .= "select 'event_errors', cause, a.events as refused, e.events as recorded\n"
	  . "  from (select oracle.refused($given, loaded_at) as cause, count(*) as events from $name\n"
	  . "         where (select $passes from (select event::jsonb as e) as one) group by 1) a\n"
	  . "  full join (select cause, sum(events) as events from newterm.event_errors where source is not null group by 1) e\n"
	  . " using (cause) where cause is not null and a.events is distinct from e.events"
	  # a rule that comes and goes may be concerned by more
	  . ($load->{noise} ? " and not (cause like '%event_time' and e.events >= coalesce(a.events, 0))" : '') . ";\n";
	# what was compared, so that nothing passes by not being there
	$sql .= "select 'compared', (select count(*) from oracle.events),\n"
	  . "       count(*), count(*) filter (where learned is not true) from oracle.rules r, oracle.runs(r.rule);\n";
	return $sql;
}

# Rules learn in another way, and the state is that of the new way.
sub write_changes
{
	my ($self, $load) = @_;
	my $sql = '';
	foreach my $number (0 .. $#{ $load->{rules} })
	{
		my $change = $load->{changes}{ $load->{rules}[$number]{name} } or next;
		my $rule = literal("$load->{table}{name} $load->{rules}[$number]{name}");
		my (@json, @sql);
		foreach my $setting (sort keys %$change)
		{
			my $value = $change->{$setting};
			$value = "$value s" if $setting eq 'learning';
			push @json, "\"$setting\": " . (defined $value ? "\"$value\"" : 'null');
			push @sql, "$setting = " . literal($value);
		}
		$sql .= "select newterm.alter_rule($rule, '{" . join(', ', @json) . "}') \\g /dev/null\n"
		  . "update oracle.rules set " . join(', ', @sql) . " where rule = $rule;\n";
	}
	$sql .= "select r.rule, 'after a change', to_jsonb(d) from oracle.rules r, oracle.differences(r.rule) d order by 1, 3;\n"
	  if $sql;
	return $sql;
}

sub write_cleanup
{
	my ($self, $load) = @_;
	my $name = $load->{table}{name};
	return "select count(newterm.drop_rule(rule)::text) from oracle.rules \\g /dev/null\n"
	  . "select from newterm.unwatch('$name');\n"
	  . "create or replace view oracle.events as select null::bigint as id, null::jsonb as event, null::timestamptz as at, null::xid8 as txn where false;\n"
	  . "drop table $name;\n"
	  . "truncate newterm.signals, newterm.detection_log, newterm.event_errors;\n";
}

# What a person may do to rules while events come in: nothing of it touches a baseline.  Each takes the load, the
# rule and its name as a literal, and a number; returns SQL.
my @NOISES = (
	sub { my ($load, $rule, $name) = @_; return "select from newterm.alter_rule($name, '{\"severity\": \"high\"}');\n" },
	sub { my ($load, $rule, $name, $step) = @_; return "select from newterm.alter_rule($name, '{\"title\": \"seen at step $step\"}');\n" },
	sub {
		my ($load) = @_;
		my $noise = literal("$load->{table}{name} noise");
		return "select from newterm.create_rule($noise, '{eventName}', learning => '0');\n"
		  . "select from pg_sleep(0.004);\nselect from newterm.drop_rule($noise);\n";
	},
	# learns in another way for a moment, and again as before
	sub {
		my ($load, $rule, $name) = @_;
		return "select from newterm.alter_rule($name, '{\"learning\": \"1000 days\"}');\n"
		  . "select from pg_sleep(0.004);\n"
		  . "select from newterm.alter_rule($name, '{\"learning\": \"$rule->{learning} s\"}');\n";
	},
	# a change that stays open, and keeps every merge out
	sub {
		my ($load, $rule, $name, $step) = @_;
		return "begin;\nselect from newterm.alter_rule($name, '{\"learning\": \"1000 days\"}');\n"
		  . "select from pg_sleep(" . $step * 0.02 . ");\nrollback;\n";
	},
	sub {
		my ($load) = @_;
		return "begin;\nlock table newterm.runs in share mode;\nselect from pg_sleep(0.02);\nrollback;\n";
	},
	# ends whatever a loader is at, also its merge
	sub {
		return join '', map { "select from pg_sleep(0.003);\n"
			  . "select pg_cancel_backend(pid) from pg_stat_activity\n"
			  . "  where application_name = 'stress' and datname = current_database() and pid <> pg_backend_pid() and random() < 0.5;\n" } 1 .. 3;
	});
my $CANCELS = $#NOISES;

# Some of them, as numbers.
sub random_noise { return [ map { int(rand(@NOISES)) } 1 .. between(1, 9) ]; }

# Does somebody cancel what the loaders do?
sub cancels { my ($load) = @_; return grep { $_ == $CANCELS } @{ $load->{noise} // [] }; }

sub write_noise
{
	my ($self, $load) = @_;
	my $sql = '';
	my $step = 0;
	foreach my $noise (@{ $load->{noise} })
	{
		my $rule = $load->{rules}[ ++$step % @{ $load->{rules} } ];
		$sql .= "select from pg_sleep(0.004);\n"
		  . $NOISES[$noise]->($load, $rule, literal("$load->{table}{name} $rule->{name}"), $step);
	}
	return "set default_transaction_isolation to 'read committed';\n\\o /dev/null\n$sql\\o\n";
}

# What a load's sessions say on purpose.
sub expected
{
	my ($load, $line) = @_;
	return 1 if expected_error($line);
	# and what follows from a cancel
	return cancels($load) && $line =~ /ERROR:  (canceling statement due to user request|current transaction is aborted|prepared transaction .* does not exist|(RELEASE|ROLLBACK TO) SAVEPOINT can only|SAVEPOINT can only|savepoint .* does not exist)|WARNING:  there is no transaction/;
}

# Load, compare, clean up; the differences, as text.
sub run_load
{
	my ($self, $load, $without) = @_;
	my @wrong;
	my $table = $load->{table};

	push @wrong, map { "setup: $_" } $self->session(0)->run($self->write_file('setup.sql', $self->write_setup($load)));

	my $sessions = @{ $load->{plan}{sessions} };
	foreach my $number (1 .. $sessions)
	{
		my $script = write_patience($load) . write_session($load->{plan}, $number - 1, $table, $without // {});
		$self->write_file("session$number.sql", $script);
	}
	if ($load->{noise})
	{
		$sessions++;
		$self->write_file("session$sessions.sql", $self->write_noise($load));
	}
	$self->session($_) foreach 1 .. $sessions;
	$self->session($_)->start("$self->{scratch}/session$_.sql") foreach 1 .. $sessions;
	foreach my $number (1 .. $sessions)
	{
		my @said = $self->session($number)->finish(60);
		$self->{statistics}{cancelled} += grep { /canceling statement/ } @said;
		push @wrong, map { "session $number: $_" } grep { /ERROR|FATAL|PANIC|WARNING/ && !expected($load, $_) } @said;
	}
	my @check = $self->session(0)->run($self->write_file('check.sql', $self->write_check($load)), 120);
	$self->{statistics}{postponed} += $1 if @check && $check[0] =~ /^postponed\|(\d+)$/ && shift @check;
	if (@check && $check[-1] =~ /^compared\|(\d+)\|(\d+)\|(\d+)$/)
	{
		pop @check;
		$self->{statistics}{events}     += $1;
		$self->{statistics}{runs}       += $2;
		$self->{statistics}{detections} += $3;
	}
	else { push @check, 'the comparison did not come to its end'; }
	push @wrong, map { "check: $_" } @check;
	push @wrong, map { "change: $_" } $self->session(0)->run($self->write_file('changes.sql', $self->write_changes($load)), 120);
	$self->await_server if grep { $_ && $_->{gone} } @{ $self->{sessions} };
	push @wrong, map { "cleanup: $_" } $self->session(0)->run($self->write_file('cleanup.sql', $self->write_cleanup($load)));
	return @wrong;
}

# How long a loader's merge waits.
sub write_patience
{
	my ($load) = @_;
	return $load->{patience} ? "set newterm.lock_timeout to '$load->{patience}';\n" : "reset newterm.lock_timeout;\n";
}

# The load as one script, to be run by hand.
sub write_reproduction
{
	my ($self, $load, $without) = @_;
	my $sessions = @{ $load->{plan}{sessions} };
	my $text = "-- create extension newterm, read test/lib/oracle.sql, set timezone to UTC\n" . $self->write_setup($load);
	foreach my $number (1 .. $sessions)
	{
		$text .= "\n-- session $number" . ($sessions > 1 ? ", at the same time as the others" : '') . "\n"
		  . write_patience($load) . write_session($load->{plan}, $number - 1, $load->{table}, $without);
	}
	$text .= "\n-- one more session\n" . $self->write_noise($load) if $load->{noise};
	return "$text\n-- what differs\n" . $self->write_check($load)
	  . "\n-- learning in another way\n" . $self->write_changes($load) . "\n-- and away with it\n" . $self->write_cleanup($load);
}

#
# A smaller load that still fails: without rules, then without events, halves first.  A load by several
# sessions is tried a few times before it counts as passing.
#
sub shrink
{
	my ($self, $load) = @_;
	my $tries = @{ $load->{plan}{sessions} } > 1 ? 4 : 1;
	my $until = time() + 240;
	my $rules   = $load->{rules};
	my $without = {};
	my $noise   = $load->{noise};
	my $fails = sub {
		my ($rules, $without) = @_;
		foreach (1 .. $tries)
		{
			# sessions remember; what is to be reproduced begins with new ones
			$self->close_sessions;
			next unless $self->run_load({ %$load, rules => $rules, noise => $noise }, $without);
			$self->prepare;
			return 1;
		}
		return 0;
	};
	return ({ %$load, rules => $rules, noise => $noise }, $without) unless $fails->($rules, $without);
	$noise = undef;
	$noise = $load->{noise} unless $fails->($rules, $without);
	foreach my $rule (@$rules)
	{
		if ($fails->([$rule], $without)) { $rules = [$rule]; last; }
	}
	my @left = map { $_->{number} } plan_events($load->{plan});
	my $size = int((@left + 1) / 2);
	while ($size >= 1 && time() < $until)
	{
		my $smaller = 0;
		for (my $at = 0; $at < @left && time() < $until;)
		{
			my @out = @left[ $at .. ($at + $size - 1 > $#left ? $#left : $at + $size - 1) ];
			my $try = { %$without, map { $_ => 1 } @out };
			if (@out < @left && $fails->($rules, $try))
			{
				$without = $try;
				splice @left, $at, scalar(@out);
				$smaller = 1;
			}
			else { $at += $size; }
		}
		last if $size == 1 && !$smaller;
		$size = $size > 1 ? int($size / 2) : 1;
	}
	$self->close_sessions;
	return ({ %$load, rules => $rules, noise => $noise }, $without);
}

# ---- trials ----

# One trial; returns the failed loads, each { what, wrong, load }.
sub trial
{
	my ($self, $seed) = @_;
	srand($seed);
	my ($events, $when) = random_events($self->{records}, between(20, pick(40, 150, 300)));
	my $rules = random_rules($when, between(3, 8));
	my @failed;
	foreach my $number (1 .. 3)
	{
		my $sessions = $number == 1 ? 1 : $number == 2 ? between(2, 8) : pick(1, 1, 2, 4, 8);
		$sessions = $self->{sessions_of_all} if $self->{sessions_of_all};
		my $table = {
			name        => "calls_${seed}_$number",
			type        => pick('jsonb', 'jsonb', 'jsonb', 'json', 'text'),
			time_column => chance(0.15),
			partitioned => chance(0.15),
		};
		my $load = {
			table => $table,
			rules => $rules,
			plan  => random_plan($events, sessions => $sessions, without => $self->{without}, isolation => $self->{isolation}),
			changes => { map { $_->{name} => random_change($when, $_) } chance(0.3) ? @$rules : () },
			noise => $sessions > 1 && chance(0.4) ? random_noise() : undef,
			patience => chance(0.3) ? pick('1ms', '10ms', '100ms') : undef,
		};
		$load->{changes} = {} if $self->{without}{change};
		$load->{noise} = undef if $self->{without}{noise};
		my @wrong = $self->run_load($load);
		$self->{statistics}{loads}++;
		$self->{statistics}{sessions} += $sessions;
		$self->{statistics}{rules}    += @$rules;
		next unless @wrong;
		push @failed, { what => "load $number, sessions: $sessions, $table->{type}", load => $load, wrong => \@wrong };
		$self->prepare;
	}
	$self->close_sessions;
	return @failed;
}

1;
