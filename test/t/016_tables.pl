# src/store/tables.h numbers the columns of newterm's tables as the catalog does.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_server('main', conf => "fsync = off\n");
$node->safe_psql('postgres', 'create extension newterm');

my $header = slurp_file(dirname(__FILE__) . '/../../src/store/tables.h');
my $tables = 0;
while ($header =~ m{^/\* newterm\.(\w+) \*/\nenum\n\{\n(.*?)^\};}msg)
{
	my ($table, $body) = ($1, $2);
	# behind the columns comes how many of them inserted rows give
	my @names = $body =~ /^\t(\w+)(?: = 1)?,?(?:\s*\/\*.*)?$/mg;
	my $columns = $node->safe_psql('postgres', qq{
		select string_agg(attname, ' ' order by attnum) from pg_attribute
		where attrelid = 'newterm.$table'::regclass and attnum > 0});
	my $prefix = $names[0] =~ s/\U$1\E$//r if $columns =~ /^(\w+)/;
	is(join(' ', map { lc(s/^\Q$prefix\E//r) } @names), $columns, "the columns of newterm.$table");
	$tables++;
}
my @headings = $header =~ m{^/\* newterm\.}mg;
is($tables, scalar(@headings), 'all tables of the header are compared');
cmp_ok($tables, '>=', 16, 'tables are found');

done_testing();
