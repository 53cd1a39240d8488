# The SQL of README.md and docs/*.md runs, and prints what the documents show; links lead somewhere; docs/reference.md has
# each setting, test/README.md each test.
#
# Each file has a database of its own with the extension, and one psql that runs the file's ```sql blocks in order.  A block
# without a language right behind one of them, with nothing but blank lines between, is what psql prints, to the letter.
# No block may give an error that it does not show.  Two comments, which readers do not see, say what a file needs:
#
#	  <!-- setup		statements that are run at this place, up to the line -->; shell commands by \!
#	  <!-- not run: why -->		the next block is not run

use strict;
use warnings;
use Cwd;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = Cwd::abs_path(dirname(__FILE__) . '/../..');

# What a document has psql do: a list of blocks, each with its line, its statements and the output that is shown.
sub blocks
{
	my ($file, $name) = @_;
	my (@blocks, $why_not, $previous);
	my @lines = split /\n/, slurp_file($file);

	for (my $i = 0; $i < @lines; $i++)
	{
		if ($lines[$i] =~ /^<!-- not run: \S/)
		{
			$why_not = 1;
		}
		elsif ($lines[$i] =~ /^(?:```(\w*)|<!-- (setup))$/)
		{
			my ($kind, $end) = $2 ? ('setup', '-->') : ($1, '```');
			my $line = $i + 1;
			my $text = '';
			$text .= "$lines[$i]\n" while ++$i < @lines && $lines[$i] ne $end;
			ok($i < @lines, "$name line $line: the block ends");

			if ($kind eq '' && $previous)
			{
				$previous->{shown} = $text;
				$previous = undef;
			}
			elsif ($kind eq 'sql' || $kind eq 'setup')
			{
				my $block = { line => $line, statements => $text };
				push @blocks, $block unless $why_not;
				$previous = $kind eq 'sql' ? $block : undef;
				$why_not = 0;
			}
			else
			{
				unlike($text, qr/\A\s*(SELECT|CALL|INSERT|UPDATE|DELETE|CREATE|ALTER|GRANT|COPY|LISTEN) .*;\s*(--.*)?$/ms,
					"$name line $line is no SQL, which is marked as such");
			}
		}
		elsif ($lines[$i] =~ /\S/)
		{
			$previous = undef;
		}
	}
	return @blocks;
}

# The lines without the blanks at their ends, which editors take away.
sub trimmed { return $_[0] =~ s/[ \t]+$//mgr; }

# Run the blocks of a document in order, and compare.
sub check_document
{
	my ($node, $file) = @_;
	my $name = substr($file, length($root) + 1);
	my @blocks = blocks($file, $name);
	my $database = basename($file, '.md');
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my ($script, $out) = ('', '');

	return unless @blocks;
	$node->safe_psql('postgres', qq{create database "$database"});
	$node->safe_psql($database, 'create extension newterm')
	  unless grep { $_->{statements} =~ /^CREATE EXTENSION newterm;/m } @blocks;
	$script .= "$_->{statements}\\echo [end of block]\n" foreach @blocks;
	IPC::Run::run([ 'psql', '-X', '-d', $node->connstr($database) ], '<', \$script, '>', \$out, '2>&1',
		init => sub { chdir $folder });

	my @outputs = split /^\[end of block\]\n/m, $out, -1;
	is(@outputs, @blocks + 1, "$name: psql came to the end") or diag($out);
	foreach my $block (@blocks)
	{
		my $printed = shift(@outputs) // '';
		my $what = "$name line $block->{line}";
		if (defined $block->{shown})
		{
			# psql ends a result with an empty line
			is(trimmed($printed =~ s/\n\n\z/\n/r), trimmed($block->{shown}), "$what prints what is shown");
		}
		else
		{
			unlike($printed, qr/^(ERROR|FATAL|PANIC|psql|invalid command|\\\w+):? /m, "$what runs");
		}
	}
}

# The anchor that a heading has on a web page of the document.
sub anchor { return lc($_[0]) =~ s/[^\w\- ]//gr =~ tr/ /-/r; }

# The files and headings that a document's links name are there.
sub check_links
{
	my ($file) = @_;
	my $name = substr($file, length($root) + 1);
	my @broken;

	foreach my $link (slurp_file($file) =~ /\]\(([^)\s]+)\)/g)
	{
		next if $link =~ /^https?:/;
		my ($path, $anchor) = split /#/, $link;
		my $target = $path ? dirname($file) . "/$path" : $file;
		my $found = -e $target;
		if ($found && defined $anchor)
		{
			$found = grep { anchor($_) eq $anchor } slurp_file($target) =~ /^#+ (.*)$/mg;
		}
		push @broken, $link unless $found;
	}
	is("@broken", '', "$name: links lead somewhere");
}

my $node = start_server('main', conf => "fsync = off\n");
check_document($node, $_) foreach sort glob("$root/*.md $root/docs/*.md");
check_links($_) foreach sort glob("$root/*.md $root/docs/*.md $root/test/*.md $root/test/*/*.md");

my @rows = grep { /^\|/ } split /\n/, slurp_file("$root/docs/reference.md") =~ s/.*^## Settings\n(.*?)^## .*/$1/msr;
foreach my $setting (split /\n/,
	$node->safe_psql('postgres', "load 'newterm'; select name from pg_settings where name like 'newterm.%' order by 1"))
{
	is(scalar(grep { /^[^|]*\|[^|]*`\Q$setting\E`/ } @rows), 1, "docs/reference.md has $setting once");
}

my %listed = map { $_ => 1 } slurp_file("$root/test/README.md") =~ m{`((?:sql|specs|t)/\w+(?:\.pl)?)`}g;
foreach my $test (sort glob("$root/test/sql/*.sql $root/test/specs/*.spec $root/test/t/*.pl"))
{
	my $name = substr($test, length("$root/test/")) =~ s/\.(sql|spec)$//r;
	ok(delete $listed{$name}, "test/README.md has $name");
}
is(join(' ', sort keys %listed), '', 'test/README.md has no test that is gone');

done_testing();
