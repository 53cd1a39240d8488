# A psql that stays: a script is sent, other sessions run at the same time, the output is read later.

package StressSession;

use strict;
use warnings;
use IPC::Open2;
use IO::Select;

my $marker = 'script has ended';

sub new
{
	my ($class, $connection) = @_;
	my $self = bless { buffer => '' }, $class;
	local $ENV{PGAPPNAME}  = 'stress';
	local $ENV{PGTZ}       = 'UTC';
	local $ENV{PGOPTIONS}  = '-c client_min_messages=warning';
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	$self->{pid} =
	  open2($self->{out}, $self->{in}, 'sh', '-c', 'exec psql -X -q -A -t -v VERBOSITY=default -d "$0" 2>&1', $connection);
	$self->{in}->autoflush(1);
	return $self;
}

# Start a script that lies in a file.
sub start
{
	my ($self, $file) = @_;
	local $SIG{PIPE} = 'IGNORE';
	print { $self->{in} } "\\i $file\n\\warn '$marker'\n";
}

# Wait for its end; the lines it printed, errors among them.
sub finish
{
	my ($self, $seconds) = @_;
	my $select = IO::Select->new($self->{out});
	my $until  = time() + $seconds;
	while ($self->{buffer} !~ /^\Q$marker\E\n/m)
	{
		my $left = $until - time();
		if ($left <= 0 || !$select->can_read($left))
		{
			$self->{hangs} = 1;
			return (split(/\n/, $self->{buffer}), "ERROR:  the session hangs");
		}
		if (!sysread($self->{out}, $self->{buffer}, 65536, length($self->{buffer})))
		{
			$self->{gone} = 1;
			return (split(/\n/, $self->{buffer}), 'ERROR:  the session is gone');
		}
	}
	my ($said, $next) = split /^\Q$marker\E\n/m, $self->{buffer}, 2;
	$self->{buffer} = $next;
	return split /\n/, $said;
}

sub run
{
	my ($self, $file, $seconds) = @_;
	$self->start($file);
	return $self->finish($seconds // 60);
}

sub usable { my ($self) = @_; return !$self->{hangs} && !$self->{gone}; }

sub close
{
	my ($self) = @_;
	kill 'TERM', $self->{pid} if $self->{hangs};
	CORE::close $self->{in};
	CORE::close $self->{out};
	waitpid $self->{pid}, 0;
}

1;
