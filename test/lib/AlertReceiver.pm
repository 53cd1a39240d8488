# A small HTTP server on the loopback interface, which answers as a test asks it to and writes down what it got.
#
# The path of a request says how it is answered:
#
#	  /NAME/ok            200
#	  /NAME/turn          200, 429, 500 and nothing, in turn
#	  /NAME/STATUS        that status; what the test wrote with `answers` is the body
#	  /NAME/STATUS/N      that status N times, and then 200
#	  /NAME/nothing       nothing: the connection stays open
#
# Each NAME has turns and counts of its own.

package AlertReceiver;

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IPC::Run;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

use parent 'Exporter';
our @EXPORT = qw(alerts);

# Run newterm-alerts to its end: status, output, messages.
sub alerts
{
	my ($out, $err);
	IPC::Run::run([ 'newterm-alerts', @_ ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(60));
	return ($? >> 8, $out, $err);
}

sub new
{
	my ($class) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my $listener = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "no port: $!";
	my $self = bless { log => "$folder/log", answers => "$folder/answers", port => $listener->sockport, read => 0 }, $class;
	append_to_file($self->{log}, '');
	my $test = $$;
	$self->{pid} = fork() // die "no process: $!";
	if ($self->{pid} == 0)
	{
		$SIG{TERM} = sub { POSIX::_exit(0) };
		$SIG{PIPE} = 'IGNORE';
		serve($self, $listener, $test);
		POSIX::_exit(0);
	}
	close $listener;
	return $self;
}

sub stop
{
	my ($self) = @_;
	kill 'TERM', $self->{pid};
	waitpid $self->{pid}, 0;
}

sub url { my ($self, $path) = @_; return "http://127.0.0.1:$self->{port}/$path"; }

# The requests that came since the last time: {path, status, headers, body, at}.
sub requests
{
	my ($self) = @_;
	open(my $log, '<', $self->{log}) or die $!;
	seek $log, $self->{read}, 0;
	my @requests;
	while (my $line = <$log>)
	{
		last unless $line =~ /\n\z/;
		push @requests, JSON::PP->new->utf8->decode($line);
		$self->{read} = tell $log;
	}
	return @requests;
}

# The bodies of the answers that follow, and more headers.
sub answers
{
	my ($self, $body, $headers) = @_;
	unlink $self->{answers};
	append_to_file($self->{answers}, ($headers // '') . "\r\n$body");
}

# ---- the server ----

# A whole request, or nothing where the client went away.
sub read_request
{
	my ($client) = @_;
	my $text = '';
	my $until = time + 5;
	while ($text !~ /\r\n\r\n/ || length($') < ($text =~ /^Content-Length: *(\d+)/mi)[0])
	{
		return if time > $until || !IO::Select->new($client)->can_read(1) || !sysread($client, $text, 65536, length $text);
	}
	my ($head, $body) = split /\r\n\r\n/, $text, 2;
	my ($first, @headers) = split /\r\n/, $head;
	my %headers = map { /^([^:]+): *(.*)$/ ? (lc $1, $2) : () } @headers;
	return { path => (split / /, $first)[1], headers => \%headers, raw_headers => \@headers, body => $body, at => time };
}

# Which status the path asks for; nothing: 0.
sub choose
{
	my ($path, $counts) = @_;
	my (undef, $name, $what, $times) = split m{/}, $path =~ s/\?.*//r;
	my $count = $counts->{"$name/$what"}++;
	return 200 if $what eq 'ok';
	return 0 if $what eq 'nothing';
	return (200, 429, 500, 0)[ $count % 4 ] if $what eq 'turn';
	return defined $times && $count >= $times ? 200 : $what;
}

sub serve
{
	my ($self, $listener, $test) = @_;
	my $select = IO::Select->new($listener);
	my %counts;
	open(my $log, '>>', $self->{log}) or die $!;
	# a test that died leaves nobody behind
	while (getppid == $test)
	{
		foreach my $socket ($select->can_read(1))
		{
			if ($socket != $listener)
			{
				# one that got no answer went away
				$select->remove($socket);
				close $socket;
				next;
			}
			my $client = $listener->accept or next;
			my $request = read_request($client);
			if (!$request) { close $client; next; }
			$request->{status} = choose($request->{path}, \%counts);
			syswrite $log, JSON::PP->new->utf8->canonical->encode($request) . "\n";
			if ($request->{status} == 0) { $select->add($client); next; }
			my $answer = -e $self->{answers} ? slurp_file($self->{answers}) : "\r\nanswer $request->{status}";
			$answer =~ s/^(.*?)\r\n//s;
			my $headers = $1;
			syswrite $client, "HTTP/1.1 $request->{status} Answer\r\nConnection: close\r\n${headers}Content-Length: " . length($answer) . "\r\n\r\n$answer";
			close $client;
		}
	}
}

1;
