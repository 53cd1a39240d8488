# How a set of events gets into a table: which session stores which events, in which transactions, by which
# statements, and what of it is rolled back.
#
# A plan is made once, from the dice, and written out as one psql script a session.  It can be written
# without some of its events, which is how a failure is made smaller.
#
#   plan         { sessions => [ [ transaction, ... ], ... ] }
#   transaction  { isolation, end => commit | rollback | error | copy error | prepare | prepare rollback | single,
#                  steps => [ step, ... ] }
#   step         { do => insert | multi | copy | select | with | block, events => [ ... ] }
#                { do => savepoint, end => release | rollback | leave, steps => [ ... ] }
#                { do => exception, steps => [ ... ] }       PL/pgSQL, the steps before the exception are undone
#                { do => immediate | deferred | sleep }

package StressLoad;

use strict;
use warnings;
use StressData;
use Exporter 'import';
our @EXPORT = qw(random_plan write_session plan_events expected_error);

my $next_event;    # number of an event's appearance in a plan

# A stretch of a list, 1 to $most long, taken off its front.
sub take
{
	my ($list, $most) = @_;
	return splice @$list, 0, between(1, $most);
}

sub random_statement
{
	my ($events) = @_;
	my $do = pick(qw(insert insert multi copy copy select with block));
	return { do => $do, events => $events };
}

sub random_steps
{
	my ($events, $depth, $concurrent, $without) = @_;
	my @left = @$events;
	my @steps;
	while (@left)
	{
		my @some = take(\@left, pick(1, 2, 5, 20, 80));
		if ($depth < 3 && chance(0.3))
		{
			push @steps, {
				do    => 'savepoint',
				end   => pick(qw(release rollback rollback leave)),
				steps => random_steps(\@some, $depth + 1, $concurrent, $without)
			};
		}
		elsif (chance(0.1))
		{
			push @steps, { do => 'exception', steps => [ map { random_statement([$_]) } @some ] };
		}
		else
		{
			push @steps, random_statement(\@some);
		}
		push @steps, { do => 'immediate' } if chance(0.05) && !$without->{immediate};
		push @steps, { do => 'deferred' }  if chance(0.05);
		push @steps, { do => 'sleep' } if $concurrent && chance(0.15);
	}
	return \@steps;
}

# Events that a step or transaction stores and then loses.
sub lost_events
{
	my ($item, $lost) = @_;
	return $lost ? @{ $item->{events} } : () if $item->{events};
	$lost ||= ($item->{do} // '') eq 'exception' || ($item->{end} // '') =~ /rollback|error/;
	return map { lost_events($_, $lost) } @{ $item->{steps} // [] };
}

# options: sessions, isolation (of all transactions), without { immediate, prepare }
sub random_plan
{
	my ($events, %options) = @_;
	my $concurrent = $options{sessions} > 1;
	my @queue =
	    chance(0.4) ? shuffled(@$events)
	  : chance(0.4) ? sort { $a->{at} <=> $b->{at} } @$events
	  : chance(0.5) ? sort { $b->{at} <=> $a->{at} } @$events
	  :               @$events;
	push @queue, map { pick(@queue) } 1 .. @queue / 10 if chance(0.5);    # delivered twice
	my @hands = map { [] } 1 .. $options{sessions};
	push @{ $hands[ int(rand(@hands)) ] }, { %$_, number => ++$next_event } foreach @queue;

	my $batch = pick(1, 3, 10, 50, 400);
	my @sessions;
	foreach my $hand (@hands)
	{
		my @transactions;
		my @again;
		while (@$hand || @again)
		{
			@$hand = splice @again if !@$hand;
			my @some = take($hand, $batch);
			my $transaction = { isolation => pick('read committed', 'read committed', 'repeatable read', 'serializable') };
			$transaction->{isolation} = $options{isolation} if $options{isolation};
			if (chance(0.25))
			{
				$transaction->{end}   = 'single';
				$transaction->{steps} = [ random_statement(\@some) ];
			}
			else
			{
				my $end = chance(0.75) ? 'commit'
				  : pick('rollback', 'rollback', 'error', 'copy error', 'prepare', 'prepare rollback');
				$end = $end eq 'prepare' ? 'commit' : 'rollback' if $end =~ /prepare/ && $options{without}{prepare};
				$transaction->{end}   = $end;
				$transaction->{steps} = random_steps(\@some, 0, $concurrent, $options{without});
			}
			push @transactions, $transaction;
			# most of what was lost is tried again, some of it never
			push @again, map { { %$_, number => ++$next_event } } grep { chance(0.6) } lost_events($transaction);
		}
		push @sessions, \@transactions;
	}
	return { sessions => \@sessions };
}

# All events of a plan that might be stored, as often as they appear.
sub plan_events
{
	my ($plan) = @_;
	my @found;
	my @items = map { @$_ } @{ $plan->{sessions} };
	while (my $item = shift @items)
	{
		push @found, @{ $item->{events} } if $item->{events};
		unshift @items, @{ $item->{steps} // [] };
	}
	return @found;
}

# ---- writing SQL ----

sub quoted
{
	my ($text) = @_;
	$text =~ s/'/''/g;
	return "'$text'";
}

# The columns of an event in the watched table: the record, and its time where the table has a column for it.
sub row
{
	my ($event, $table) = @_;
	my $row = quoted($event->{json}) . "::$table->{type}";
	$row .= ", timestamptz 'epoch' + interval '" . sprintf('%.6f', $event->{at}) . " s'" if $table->{time_column};
	return $row;
}

sub columns { my ($table) = @_; return $table->{time_column} ? 'event, happened' : 'event'; }

sub write_statement
{
	my ($do, $events, $table) = @_;
	my $into = "insert into $table->{name} (" . columns($table) . ")";
	my @rows = map { row($_, $table) } @$events;
	my $all  = join ",\n", map { "($_)" } @rows;

	# inside PL/pgSQL there is no COPY from the client
	return join '', map { "$into values ($_);\n" } @rows if $do eq 'insert';
	return "$into values $all;\n" if $do eq 'multi';
	return "$into select * from (values $all) as v;\n" if $do eq 'select';
	return "with stored as ($into values $all returning id) select count(*) from stored \\g /dev/null\n" if $do eq 'with';
	return "do \$block\$ begin\n" . join('', map { "$into values ($_);\n" } @rows) . "end \$block\$;\n" if $do eq 'block';
	return copy_statement($events, $table) if $do eq 'copy';
	die "no statement $do";
}

# COPY, in a format that takes JSON as it is; "broken" ends it in an error.
sub copy_statement
{
	my ($events, $table, $broken) = @_;
	my $text = "copy $table->{name} (" . columns($table) . ") from stdin with (format csv, quote e'\\x01', delimiter e'\\x02');\n";
	foreach my $event (@$events)
	{
		$text .= $event->{json};
		$text .= "\x02" . micro_time($event->{at}) if $table->{time_column};
		$text .= "\n";
	}
	$text .= "{}\x02now\x02one column too many\n" if $broken;
	return "$text\\.\n";
}

sub micro_time
{
	my ($at) = @_;
	my $whole = POSIX::floor($at);
	return POSIX::strftime('%Y-%m-%d %H:%M:%S', gmtime($whole)) . sprintf('.%06d+00', POSIX::floor(($at - $whole) * 1000000 + 0.5));
}

sub kept { my ($events, $without) = @_; return [ grep { !$without->{ $_->{number} } } @$events ]; }

sub write_steps
{
	my ($steps, $table, $without, $depth) = @_;
	my $text = '';
	foreach my $step (@$steps)
	{
		my $do = $step->{do};
		if ($step->{events})
		{
			my $events = kept($step->{events}, $without);
			$text .= write_statement($do, $events, $table) if @$events;
		}
		elsif ($do eq 'savepoint')
		{
			my $inner = write_steps($step->{steps}, $table, $without, $depth + 1);
			next if $inner eq '';
			$text .= "savepoint s$depth;\n$inner";
			$text .= "rollback to s$depth;\n" if $step->{end} eq 'rollback';
			$text .= "release s$depth;\n" if $step->{end} eq 'release';
		}
		elsif ($do eq 'exception')
		{
			my $inner = join '', map { write_statement('insert', $_, $table) } grep { @$_ }
			  map { kept($_->{events}, $without) } @{ $step->{steps} };
			next if $inner eq '';
			$text .= "do \$block\$ begin\n${inner}raise exception 'deliberate';\n"
			  . "exception when raise_exception then null; end \$block\$;\n";
		}
		elsif ($do eq 'immediate') { $text .= "set constraints all immediate;\n"; }
		elsif ($do eq 'deferred')  { $text .= "set constraints all deferred;\n"; }
		elsif ($do eq 'sleep') { $text .= "select from pg_sleep(0.003) \\g /dev/null\n"; }
		else                   { die "no step $do"; }
	}
	# a savepoint or constraint mode alone is nothing
	return $text =~ /insert into|copy/ ? $text : '';
}

# The script of one session of a plan.
sub write_session
{
	my ($plan, $session, $table, $without) = @_;
	my $text   = '';
	my $number = 0;
	foreach my $transaction (@{ $plan->{sessions}[$session] })
	{
		my $body = write_steps($transaction->{steps}, $table, $without, 1);
		my $end  = $transaction->{end};
		my $name = "'$table->{name} $session " . ++$number . "'";
		next if $body eq '';
		if ($end eq 'single')
		{
			$text .= "set default_transaction_isolation to '$transaction->{isolation}';\n$body";
			next;
		}
		$text .= "begin isolation level $transaction->{isolation};\n$body";
		if    ($end eq 'commit')           { $text .= "commit;\n"; }
		elsif ($end eq 'rollback')         { $text .= "rollback;\n"; }
		elsif ($end eq 'error')            { $text .= "do \$\$ begin raise exception 'deliberate'; end \$\$;\ncommit;\n"; }
		elsif ($end eq 'copy error')       { $text .= copy_statement([], $table, 1) . "commit;\n"; }
		elsif ($end eq 'prepare')          { $text .= "prepare transaction $name;\ncommit prepared $name;\n"; }
		elsif ($end eq 'prepare rollback') { $text .= "prepare transaction $name;\nrollback prepared $name;\n"; }
		else                               { die "no end $end"; }
	}
	return $text;
}

# What a script says on purpose.
sub expected_error
{
	my ($line) = @_;
	return $line =~ /ERROR:  (deliberate|extra data after last expected column)$/;
}

1;
