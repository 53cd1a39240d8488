# Writes small files in MaxMind's format, for the tests of GeoIP.
#
#   my $file = MmdbWriter->new(ip_version => 6);
#   $file->add('203.0.113.0/24', { country => { iso_code => 'NL' } });
#   $file->write($path);
#
# A value is a hash, a list, a string, or a number where it is written as a reference to one: \15169.  Networks
# are added from the larger to the smaller: a later one takes its part of an earlier one.

package MmdbWriter;

use strict;
use warnings;
use Socket qw(AF_INET AF_INET6 inet_pton);

sub new
{
	my ($class, %options) = @_;
	return bless { ip_version => $options{ip_version} // 6, root => [], data => '' }, $class;
}

# The bits of a network's prefix; IPv4 lies at the beginning of IPv6's space.
sub prefix_bits
{
	my ($self, $network) = @_;
	my ($address, $length) = split m{/}, $network;
	my $is_ipv6 = $address =~ /:/;
	my $bits = unpack('B*', inet_pton($is_ipv6 ? AF_INET6 : AF_INET, $address));
	$length //= length $bits;
	if ($self->{ip_version} == 6 && !$is_ipv6)
	{
		$bits = '0' x 96 . $bits;
		$length += 96;
	}
	return substr($bits, 0, $length);
}

sub add
{
	my ($self, $network, $value) = @_;
	my $offset = length $self->{data};
	$self->{data} .= encode($value);

	my @bits = split //, $self->prefix_bits($network);
	my $last = pop @bits;
	my $node = $self->{root};
	for my $bit (@bits)
	{
		# what lies below a larger network is its own, until it is replaced
		$node->[$bit] = [ $node->[$bit], $node->[$bit] ] unless ref $node->[$bit];
		$node = $node->[$bit];
	}
	$node->[$last] = $offset;
	return $self;
}

# A value in the format's encoding.
sub encode
{
	my ($value) = @_;
	return control(7, scalar keys %$value) . join('', map { encode($_) . encode($value->{$_}) } sort keys %$value)
		if ref $value eq 'HASH';
	return control(11, scalar @$value) . join('', map { encode($_) } @$value) if ref $value eq 'ARRAY';
	return number(6, $$value) if ref $value eq 'SCALAR';
	return control(2, length $value) . $value;
}

# A number of a type, in as few bytes as it takes.
sub number
{
	my ($type, $value) = @_;
	my $bytes = pack('Q>', $value);
	$bytes =~ s/^\0+//;
	return control($type, length $bytes) . $bytes;
}

sub control
{
	my ($type, $size) = @_;
	die "too large for a test" if $size >= 285;
	my $first = $type > 7 ? 0 : $type;
	my $byte = $size < 29 ? $size : 29;
	return pack('C', $first << 5 | $byte) . ($type > 7 ? pack('C', $type - 7) : '') . ($size < 29 ? '' : pack('C', $size - 29));
}

sub write
{
	my ($self, $path) = @_;
	my @nodes;
	my @open = ($self->{root});
	my %number;

	# number the nodes, then write them
	while (my $node = shift @open)
	{
		$number{$node} = @nodes;
		push @nodes, $node;
		push @open, grep { ref $_ } $node->[0], $node->[1];
	}
	my $record = sub {
		my ($record) = @_;
		return !defined $record ? @nodes : ref $record ? $number{$record} : @nodes + 16 + $record;
	};
	my $tree = join '', map { substr(pack('N', $record->($_->[0])), 1) . substr(pack('N', $record->($_->[1])), 1) } @nodes;
	my $metadata = control(7, 9)
		. encode('node_count') . number(6, scalar @nodes)
		. encode('record_size') . number(5, 24)
		. encode('ip_version') . number(5, $self->{ip_version})
		. encode('database_type') . encode('newterm-test')
		. encode('languages') . encode(['en'])
		. encode('binary_format_major_version') . number(5, 2)
		. encode('binary_format_minor_version') . number(5, 0)
		. encode('build_epoch') . number(9, 1700000000)
		. encode('description') . encode({ en => 'of a test' });

	open(my $out, '>:raw', $path) or die "$path: $!";
	print $out $tree, "\0" x 16, $self->{data}, "\xab\xcd\xefMaxMind.com", $metadata;
	close $out or die "$path: $!";
}

1;
