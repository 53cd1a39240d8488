# newterm.report() as a browser takes it: well-formed, nothing loaded, nothing run, no complaint, whatever the events hold.
# The browser's part needs Chromium (CHROMIUM names another one) and is skipped elsewhere.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use IPC::Run;
use Markup;
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_server('main', conf => "fsync = off\n");
watch_events($node);
$node->safe_psql('postgres', q{
	select newterm.create_rule('evil <img src="http://127.0.0.1/rule">', '{x}', learning => '0', severity => 'critical', title => '{{x}}', message => E'{{x}}\n\n{{x}}');
	insert into events (event) select event('name ' || i, i * 7200) from generate_series(1, 60) i;
	insert into events (event) select event('evil', 100000 + n::int) || jsonb_build_object('x', x, 'eventID', x)
	from unnest(array['<script>alert(1)</script>', '<img src=http://127.0.0.1/x onerror=alert(1)>', '</style></pre></title></details>', '"><svg onload=alert(1)>',
		'<!--', ']]>', '<![CDATA[', '&lt;&#0;&bogus;', E'\x01\x1b[31m\u202e\u2028\ufffe\uffff\ufdd0', repeat('<b>', 30000), 'javascript:alert(1)', '{{x}}%s', '<?xml',
		'<iframe src=http://127.0.0.1/frame>', '<base href=http://127.0.0.1/>', '<meta http-equiv=refresh content="0;url=http://127.0.0.1/go">']) with ordinality v (x, n);
	insert into events (event) values ('{"eventName": "<b>", "x": "<i>", "eventTime": "<script>alert(1)</script>"}');});
my $folder = PostgreSQL::Test::Utils::tempdir();
# as people do it
IPC::Run::run([ 'psql', '-XAt', '-d', $node->connstr('postgres'), '-c', "SELECT newterm.report('2024-03-01', '2024-03-08')" ], '>', "$folder/report.html") or die 'no report';
my $page = slurp_file("$folder/report.html");
cmp_ok(scalar(() = $page =~ /<article /g), '>', 30, 'the page shows signals');

# ---- markup ----

is(unbalanced($page), '', 'each tag is closed, in turn');
is(unbalanced($page =~ s{</article>}{}r), 'section closes article', 'the check sees what is not closed');
like(unbalanced($page =~ s{&lt;script}{<script}r), qr/script/, 'and what is not escaped');
SKIP:
{
	skip 'the server has no libxml', 1 if $node->psql('postgres', "select '<a/>'::xml") != 0;
	is($node->safe_psql('postgres', q{select xml_is_well_formed_document(substr(newterm.report('2024-03-01', '2024-03-08'), 16))}), 't', 'XML, too');
}
is(active($page), '', 'nothing loads or runs');
like(active($page =~ s{<main>}{<main><img src="x">}r), qr/<img/, 'the check sees what loads');

# ---- a browser ----

my ($browser) = grep { -x $_ } $ENV{CHROMIUM} // (), map { my $name = $_; map { "$_/$name" } split /:/, $ENV{PATH} } 'chromium', 'chromium-browser', 'google-chrome';
SKIP:
{
	skip 'no Chromium', 6 unless $browser;

	# What the browser says on its console, and which addresses it asked for, of a page.
	my $visit = sub {
		my ($file) = @_;
		my ($out, $error) = ('', '');
		my $log = "$folder/net";
		unlink $log;
		local $ENV{HOME} = $folder;
		IPC::Run::run([ $browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update',
				'--disable-sync', '--no-first-run', "--user-data-dir=$folder/profile", '--host-resolver-rules=MAP * ~NOTFOUND', '--enable-logging=stderr',
				"--log-net-log=$log", '--virtual-time-budget=2000', '--dump-dom', "file://$folder/$file" ],
			'>', \$out, '2>', \$error, IPC::Run::timeout(120));
		# not what the browser does for itself
		my @asked = map { /"network_isolation_key":"file:.*"url":"([^"]*)"/ ? $1 : () } split /\n/, slurp_file($log);
		return { dom => $out, said => [ $error =~ /CONSOLE[^\n]*/g ], asked => \@asked };
	};
	append_to_file("$folder/bad.html", $page =~ s{<meta http-equiv="Content-Security-Policy"[^>]*>}{}r
		=~ s{</main>}{<img src="http://127.0.0.1:9/x" alt=""><script>document.title = "ran"; nothing.there()</script></main>}r);
	my $bad = eval { $visit->('bad.html') } // {};
	skip 'Chromium does not run here', 6 unless ($bad->{dom} // '') =~ /<main>/;
	like(join("\n", @{ $bad->{said} }), qr/nothing is not defined/, 'of a page with a fault the console tells');
	like(join("\n", @{ $bad->{asked} }), qr{http://127.0.0.1:9/x}, 'and what it loads is seen');
	my $good = $visit->('report.html');
	is(join("\n", @{ $good->{said} }), '', 'of the report the console tells nothing');
	is(join("\n", @{ $good->{asked} }), '', 'and it loads nothing');
	is(scalar(() = $good->{dom} =~ /<article /g), scalar(() = $page =~ /<article /g), 'all signals are there');
	unlike($good->{dom}, qr/<script|<iframe|<img/, 'and no element that the page does not have');
}
$node->stop;
done_testing();
