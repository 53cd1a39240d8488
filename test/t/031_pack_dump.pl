# An installed rule pack after dump and restore: what was installed is known, what the user changed is still his.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_server('dumped');
$node->safe_psql('postgres', q{
	create extension newterm;
	select newterm.install_rules();
	select newterm.alter_rule('aws-client-new', '{"severity": "info"}');
	select newterm.alter_rule('aws-root-new-action', '{"name": "root"}');
	select newterm.drop_rule('aws-image-first-used')});

my $file = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->safe_psql('postgres', 'create database restored');
command_ok([ 'pg_dump', '-f', $file, $node->connstr('postgres') ], 'pg_dump');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, $node->connstr('restored') ], 'restored');

is( $node->safe_psql('restored', q{select outcome, detail from newterm.install_rules() where outcome <> 'unchanged'}),
	'kept|you dropped it', 'the pack knows its rules, renamed ones too');
is( $node->safe_psql('restored', q{select severity from newterm.rules where name = 'aws-client-new'}), 'info', 'a change is kept');
is( $node->safe_psql('restored', q{select count(*) from newterm.uninstall_rules()}),
	$node->safe_psql('postgres', 'select count(*) from newterm.rules'), 'all that was installed can be uninstalled');
is($node->safe_psql('restored', 'select count(*) from newterm.rules'), '0', 'nothing is left');

$node->stop;
done_testing();
