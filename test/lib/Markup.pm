# What tests of pages share.

package Markup;

use strict;
use warnings;

use parent 'Exporter';
our @EXPORT = qw(unbalanced active);

# The first thing that is not balanced, or nothing.
sub unbalanced
{
	my ($html) = @_;
	my @open;
	$html =~ s/^<!DOCTYPE html>\n// or return 'no DOCTYPE';
	$html =~ s{<style>[^<]*</style>}{<style></style>};
	while ($html =~ /\G([^<>&]*)(?:&(?:lt|gt|amp|quot|#39);)?/gc && pos($html) < length $html)
	{
		next if $html =~ /\G(?=[^<>])[^<>&]*(?:&(?:lt|gt|amp|quot|#39);)/gc;
		next unless $html =~ /\G[<>&]/ || length $1;
		if ($html =~ m{\G<([a-z][a-z0-9]*)((?: [a-z][A-Za-z0-9-]*(?:="[^"<>]*")?)*)( /)?>}gc) { push @open, $1 unless $3; }
		elsif ($html =~ m{\G</([a-z][a-z0-9]*)>}gc)
		{
			my $last = pop @open // 'nothing';
			return "$1 closes $last" if $last ne $1;
		}
		elsif ($html =~ /\G[<>&]/) { return 'at ' . substr($html, pos $html, 40); }
	}
	return @open ? "@open open" : '';
}

# The first thing of a page that loads or runs something, or nothing.
sub active
{
	my ($html) = @_;
	return $1 if $html =~ /(<script|<iframe|<object|<embed|<img|<link|<base|<form|<svg[^>]* on)/i;
	return $1 if $html =~ /(<[^>]*(?:src|srcset|href|action|data|poster|background)="(?!#))/i;
	return $1 if $html =~ s{</style>.*}{}sr =~ /(url\(|\@import|expression\()/i;
	return $html =~ /(<[^>]* on[a-z]+=)/i ? $1 : '';
}

1;
