# GeoIP: country(), asn() and as_org() by files in MaxMind's format, that are noticed when they are replaced.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use MmdbWriter;
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_server('main', conf => "fsync = off\n");
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;

# A setting of the library is known once the library is loaded.
sub sql { return $node->safe_psql('postgres', "load 'newterm';\n$_[0]"); }

# What a statement says where it fails.
sub failure
{
	my ($statement) = @_;
	my ($status, $out, $error) = $node->psql('postgres', "load 'newterm';\n$statement");
	return $error;
}

MmdbWriter->new->add('198.51.0.0/16', { country => { iso_code => 'DE', names => { en => 'Germany' } } })
	->add('198.51.100.0/24', { country => { iso_code => 'FR' } })
	->add('198.51.101.0/24', { traits => { is_anonymous => \1 } })
	->add('2001:db8::/32', { country => { iso_code => 'NL' } })
	->write("$folder/country.mmdb");
MmdbWriter->new(ip_version => 4)
	->add('198.51.0.0/16', { autonomous_system_number => \64500, autonomous_system_organization => 'Example Ä GmbH' })
	->add('203.0.113.0/24', { autonomous_system_number => \4200000000 })
	->write("$folder/asn.mmdb");
# other makers' names
MmdbWriter->new->add('192.0.2.0/25', { country => 'US', asn => 'AS15169', as_name => 'Example Inc.' })
	->add('192.0.2.128/25', { country_code => 'JP', asn => \7 })
	->add('198.51.0.0/16', { country => 'XX', asn => 'AS1' })
	->add('198.18.0.0/15', { country => [ 'a' ], country_code => '', asn => 'AS', as_name => "\xff" })
	->write("$folder/other.mmdb");
append_to_file("$folder/broken.mmdb", 'no such thing');

sql('create extension newterm');
my $terms = q{select string_agg(coalesce((select t -> f from newterm.terms(array[f], jsonb_build_object('sourceIPAddress', address)) as t)::text, '-'), ' ' order by n)
	from unnest('{$country,$asn,$as_org}'::text[]) with ordinality as fields (f, n)};
sub where_is { my ($address) = @_; return sql("set client_min_messages = error; select ($terms) from (values ('$address')) as a (address)"); }

# ---- the setting ----

is(where_is('198.51.100.7'), '- - -', 'without files nothing is known');
sql("alter system set newterm.geoip_files = '$folder/country.mmdb, $folder/asn.mmdb,$folder/other.mmdb'");
sql('select pg_reload_conf()');
$node->poll_query_until('postgres', q{select current_setting('newterm.geoip_files', true) like '%country%'});

is(where_is('198.51.100.7'), '"FR" 64500 "Example Ä GmbH"', 'the most special network, and one thing from each file');
is(where_is('198.51.2.3'), '"DE" 64500 "Example Ä GmbH"', 'a larger network');
is(where_is('198.51.101.9'), '"XX" 64500 "Example Ä GmbH"', 'what the first file does not know, the next one may');
is(where_is('2001:DB8::1'), '"NL" - -', 'IPv6, of which a file of IPv4 knows nothing');
is(where_is('::ffff:198.51.100.7'), '"FR" 64500 "Example Ä GmbH"', 'IPv4 within IPv6');
is(where_is('203.0.113.1'), '- 4200000000 -', 'a number of 32 bits');
is(where_is('192.0.2.1'), '"US" 15169 "Example Inc."', 'names of other makers');
is(where_is('192.0.2.200'), '"JP" 7 -', 'and others');
is(where_is('198.18.0.1'), '- - -', 'values of the wrong kind are none');
is(where_is($_), '- - -', "no entry: $_") for '8.8.8.8', 'AWS Internal', 's3.amazonaws.com', '', '198.51.100.0/24';
is(sql(q{select string_agg(t ->> 'asn(a)', ' ' order by t ->> 'asn(a)') from newterm.terms('{asn(a)}', '{"a": ["198.51.1.1", "x", "192.0.2.1", "198.51.100.7", 5]}') as t}),
	'15169 64500', 'of an array, each once');
is(sql(q{select newterm.test_filter('$country:(FR OR DE)', event), newterm.test_filter('-$country:*', event), newterm.test_filter('$asn:>64000', event),
		newterm.test_filter('lower($as_org):example*', event), newterm.test_filter('source.geo.country_iso_code: FR and source.as.number: 64500', event, 'kql'),
		newterm.test_filter('source.as.organization.name: Example*', event, 'kql')
	from (values ('{"sourceIPAddress": "198.51.100.7"}'::jsonb)) as events (event)}), 't|f|t|t|t|t', 'in filters, and by Elastic\'s names');

like(failure("set newterm.geoip_files = '$folder/broken.mmdb'"), qr/invalid value for parameter "newterm.geoip_files".*DETAIL:.*broken\.mmdb.*no file in MaxMind's format/s, 'a broken file is refused');
like(failure("set newterm.geoip_files = '$folder/country.mmdb, $folder/nothing.mmdb'"), qr/nothing\.mmdb/, 'so is one that is not there');
is(sql("set newterm.geoip_files = ' $folder/other.mmdb ,, '; " . "select ($terms) from (values ('198.51.100.7')) as a (address)"), '"XX" 1 -', 'spaces and commas');
is(sql("set newterm.geoip_files = ''; " . "select ($terms) from (values ('198.51.100.7')) as a (address)"), '- - -', 'no files');
sql('create role asker');
like(failure("set role asker; set newterm.geoip_files = ''"), qr/permission denied/, 'only superusers set it');
like(failure(q{select newterm.value('$country', '{}')}), qr/looks up what is not in the event/, 'it is no immutable value');

# ---- rules, and files that are replaced ----

watch_events_of_countries();
my $session = $node->background_psql('postgres', on_error_stop => 0);
sub arrive { my ($address, $n) = @_; $session->query(qq(insert into events values ('{"eventTime": "2024-01-01T00:00:0${n}Z", "sourceIPAddress": "$address"}'))); }
sub seen { return sql(q{select string_agg(term ->> '$country', ' ' order by id) from newterm.detections}) // ''; }

arrive('198.51.100.7', 1);
arrive('8.8.8.8', 2);
is(seen(), 'FR', 'a rule on countries');

MmdbWriter->new->add('0.0.0.0/2', { country => { iso_code => 'AQ' } })->add('64.0.0.0/2', { country => { iso_code => 'BV' } })->write("$folder/new.mmdb");
rename("$folder/new.mmdb", "$folder/country.mmdb") or die;
arrive('8.8.8.8', 3);
is(seen(), 'FR AQ', 'an open session takes a file that was renamed over');

# while a transaction runs, its files stay
$session->query_safe('begin');
arrive('9.9.9.9', 4);
unlink "$folder/country.mmdb";
arrive('7.7.7.7', 5);
$session->query_safe('commit');
arrive('66.6.6.6', 6);
is(seen(), 'FR AQ BV', 'a file that is away for a moment still serves those that have it');
append_to_file("$folder/country.mmdb", 'broken');
arrive('198.51.100.8', 7);
like(said($session), qr/WARNING:  newterm could not open the GeoIP file ".*country\.mmdb"/, 'a broken one is told of');
arrive('198.51.100.9', 8);
is(said($session), '', 'once');
is(seen(), 'FR AQ BV XX', 'and the next file is asked');
is(sql('select count(*) from events'), 8, 'no row was lost');
is(sql('select count(*) from newterm.event_errors'), 0, 'nothing failed');
$session->quit;

# a damaged file is no danger: cut off, and with noise in it
my $whole = do { MmdbWriter->new->add('198.51.0.0/16', { country => { iso_code => 'DE' } })->write("$folder/whole.mmdb"); slurp_file("$folder/whole.mmdb"); };
srand(5);
my $answers = 0;
for my $trial (1 .. 60)
{
	my $damaged = $whole;
	substr($damaged, int(rand(length $damaged)), 1) = chr(int(rand(256))) for 1 .. 1 + $trial % 5;
	$damaged = substr($damaged, 0, int(rand(length $damaged))) if $trial % 6 == 0;
	unlink "$folder/damaged.mmdb";
	append_to_file("$folder/damaged.mmdb", '');
	open(my $out, '>:raw', "$folder/damaged.mmdb") or die;
	print $out $damaged;
	close $out;
	my ($status, $out_text, $error) = $node->psql('postgres', "load 'newterm'; set newterm.geoip_files = '$folder/damaged.mmdb'; select ($terms) from (values ('198.51.100.7')) as a (address)");
	$answers++ if $status == 0 || $error =~ /invalid value for parameter/;
}
is($answers, 60, 'damaged files give some answer or none');

# ---- a dump takes no file along ----
is(sql(q{select count(*) from pg_settings where name = 'newterm.geoip_files' and context = 'superuser'}), 1, 'a setting for superusers');

$node->stop;
done_testing();

sub watch_events_of_countries
{
	sql(q{create table events (event jsonb);
		select newterm.watch('events');
		select newterm.create_rule('countries', '{$country}', learning => '0')});
}
