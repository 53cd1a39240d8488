# test/lib/format finds C that the formatter would write in another way, and --write writes it so.

use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Utils;
use Test::More;

my $tests = dirname(__FILE__) . '/..';
my $tree = PostgreSQL::Test::Utils::tempdir() . '/tree';
system_or_bail('mkdir', '-p', "$tree/src/lang", "$tree/test");
system_or_bail('cp', '-a', "$tests/../.clang-format", $tree);
my $written = "int\nPlanted(int a)\n{\n\treturn a;\n}\n";

# What does the check say of the tree, and how does it end?
sub check
{
	my ($out, $error);
	IPC::Run::run([ "$tests/lib/format", @_, $tree ], '>', \$out, '2>', \$error);
	return ($? >> 8, "$out$error");
}

append_to_file("$tree/src/planted.c", $written);
my ($status, $out) = check();
plan skip_all => $out if $status == 77;
is($status, 0, 'a file as it is written passes') or diag($out);
is($out, '', 'and nothing is said');

# what bison and flex write is theirs
append_to_file("$tree/src/lang/planted_gram.$_", "int  generated;\n") foreach ('c', 'h', 'y');
append_to_file("$tree/src/lang/planted_scan.$_", "int  generated;\n") foreach ('c', 'l');
($status, $out) = check();
is($status, 0, 'generated files are left out') or diag($out);

append_to_file("$tree/src/lang/planted.h", "extern int  Planted(int  a);\n");
append_to_file("$tree/test/planted.c", "int Planted(int a) { return a; }\n");
($status, $out) = check();
isnt($status, 0, 'other spaces fail the check');
like($out, qr{^format: src/lang/planted\.h is not}m, 'a header is named');
like($out, qr{^-extern int  Planted.*^\+extern int Planted}ms, 'its difference is shown');
like($out, qr{^format: test/planted\.c is not}m, 'a file of the tests is named');
unlike($out, qr{src/planted\.c}, 'others are not');

($status, $out) = check('--write');
is($status, 0, '--write ends well') or diag($out);
is(slurp_file("$tree/test/planted.c"), $written, 'and writes what passes');
is(slurp_file("$tree/src/lang/planted_gram.c"), "int  generated;\n", 'and no generated file');
($status, $out) = check();
is($status, 0, 'the tree passes then') or diag($out);

done_testing();
