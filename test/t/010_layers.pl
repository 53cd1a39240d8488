# test/lib/layers finds what does not keep to src/LAYERS: each kind of violation is planted in a copy of the built tree.

use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Utils;
use Test::More;

my $built = dirname(__FILE__) . '/../..';
my $tree = PostgreSQL::Test::Utils::tempdir() . '/tree';
system_or_bail('mkdir', $tree);
system_or_bail('cp', '-a', "$built/src", "$built/test", $tree);
system_or_bail('chmod', '-R', 'u+w', "$tree/src");

# What does the check say of the tree, and does it pass?
sub check
{
	my ($out, $error);
	my $passed = IPC::Run::run([ "$tree/test/lib/layers", $tree ], '>', \$out, '2>', \$error);
	return ($passed, "$out$error");
}

# Plant files, compile those in C, check what is said of them, and take them away again.
sub violation
{
	my ($what, $said, %planted) = @_;
	my @files = map { "$tree/src/$_" } keys %planted;
	foreach my $file (keys %planted)
	{
		append_to_file("$tree/src/$file", $planted{$file});
		next unless $file =~ /\.c$/;
		my $object = "$tree/src/$file" =~ s/\.c$/.o/r;
		system_or_bail('gcc', '-c', '-o', $object, "$tree/src/$file");
		push @files, $object;
	}
	my ($passed, $out) = check();
	ok(!$passed, "$what fails the check");
	like($out, $said, "$what is named");
	unlink @files;
}

my ($passed, $out) = check();
ok($passed, 'the tree as it is passes');
is($out, '', 'and nothing is said');

violation('an #include of a higher folder', qr{^layers: base/planted\.h includes merge/merge\.h$}m,
	'base/planted.h' => qq{#include "merge/merge.h"\n});
violation('a call into a higher folder', qr{^layers: event/planted\.o wants PlantedInSignal, which is in signal/$}m,
	'event/planted.c' => "void PlantedInSignal(void);\nvoid PlantedInEvent(void) { PlantedInSignal(); }\n",
	'signal/planted.c' => "void PlantedInSignal(void) { }\n");
violation('a variable of a higher folder', qr{^layers: store/planted\.o wants planted_in_rule, which is in rule/$}m,
	'store/planted.c' => "extern int planted_in_rule;\nint PlantedInStore(void) { return planted_in_rule; }\n",
	'rule/planted.c' => "int planted_in_rule = 1;\n");
violation('a call into a folder that is not named', qr{^layers: import/planted\.o wants PlantedInMerge, which is in merge/$}m,
	'import/planted.c' => "void PlantedInMerge(void);\nvoid PlantedInImport(void) { PlantedInMerge(); }\n",
	'merge/planted.c' => "void PlantedInMerge(void) { }\n");
violation('two files that call each other', qr{^layers: circle: .*base/planted_\w\.o}m,
	'base/planted_a.c' => "void PlantedB(void);\nvoid PlantedA(void) { PlantedB(); }\n",
	'base/planted_b.c' => "void PlantedA(void);\nvoid PlantedB(void) { PlantedA(); }\n");
violation('SPI in lang/', qr{^layers: lang/planted\.o wants SPI_connect: no tables, no SPI$}m,
	'lang/planted.c' => "int SPI_connect(void);\nint PlantedInLang(void) { return SPI_connect(); }\n");
violation('a table in lang/', qr{^layers: lang/planted\.o wants table_open: no tables, no SPI$}m,
	'lang/planted.c' => "void *table_open(int, int);\nvoid *PlantedInLang(void) { return table_open(0, 0); }\n");

($passed, $out) = check();
ok($passed, 'the tree passes again without them') or diag($out);

done_testing();
