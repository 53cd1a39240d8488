# newterm-alerts: each destination, what it retries and parks, how it stops and reconnects, and that it keeps secrets.

use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_base64);
use File::Basename;
use JSON::PP;
use lib dirname(__FILE__) . '/../lib';
use AlertReceiver;
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = start_server('main', conf => "fsync = off\n");
watch_events($node);
my $receiver = AlertReceiver->new;
my $folder = PostgreSQL::Test::Utils::tempdir();
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';

sub sql { return $node->safe_psql('postgres', @_); }

my $second = 7200;
sub see { sql('insert into events (event) values ' . join ', ', map { $second++; "(event('$_', $second))" } @_); }

# A subscription of its own for each part, so that they begin with nothing.
sub subscribe { my ($name, $rest) = @_; sql("select newterm.subscribe('$name'" . ($rest // '') . ')'); return $name; }
sub status { my ($name) = @_; return sql("select concat_ws(' ', waiting, in_flight, parked) from newterm.delivery where subscription = '$name'"); }

sub start
{
	my (@arguments) = @_;
	my $run = { out => '', err => '' };
	$run->{run} = IPC::Run::start([ 'newterm-alerts', @arguments ], '<', \undef, '>', \$run->{out}, '2>', \$run->{err}, IPC::Run::timeout(90));
	return $run;
}

sub finish
{
	my ($run, $signal) = @_;
	$run->{run}->signal($signal // 'TERM');
	$run->{run}->finish;
	return $run->{run}->full_result(0);
}

# Wait until something is so, for at most ten seconds.
sub wait_for
{
	my ($what, $condition, $run) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $until = time + 10;
	while (time < $until)
	{
		$run->{run}->pump_nb if $run;
		if ($condition->()) { return pass($what); }
		sleep 0.05;
	}
	return fail($what);
}

sub json { return JSON::PP->new->utf8->decode($_[0]); }

# ---- lines on standard output ----

subscribe('lines');
see('one', 'two');
my ($code, $out, $err) = alerts('-s', 'lines', '--to', 'text', '--once');
is($code, 0, 'text: status') or diag($err);
is($out, "2024-03-01T02:00:01+00:00 medium new: names: first seen one (rule \"names\", signal 1)\n"
	. "2024-03-01T02:00:02+00:00 medium new: names: first seen two (rule \"names\", signal 2)\n", 'text: a line a change');
is($err, '', 'text: nothing else is said');
is(status('lines'), '0 0 0', 'text: acknowledged');
is((alerts('-s', 'lines', '--to', 'text', '--once'))[1], '', 'text: told once');

sql("update newterm.signals set status = 'archived', archive_reason = 'false_positive' where id = 1");
(undef, $out) = alerts('-s', 'lines', '--to', 'text', '--once');
is($out, "2024-03-01T02:00:01+00:00 medium update: names: first seen one (rule \"names\", signal 1): status archived (false_positive)\n", 'text: triage, with its reason');

foreach my $format (qw(json ocsf ecs cloudevents))
{
	see("in $format", "again in $format");
	($code, $out) = alerts('-s', 'lines', '--to', $format, '--once');
	my @lines = split /\n/, $out;
	is(scalar @lines, $format eq 'ecs' ? 4 : 2, "$format: lines");
	my @documents = map { json($_) } @lines;
	my @changes = split /\n/, sql("select uuid from newterm.changes order by position desc limit 2");
	if ($format eq 'ecs')
	{
		is_deeply($documents[0], { create => { _id => $changes[1] } }, 'ecs: the action before, with the change as id');
		is($documents[1]{event}{kind}, 'alert', 'ecs: the document behind it');
	}
	is($documents[0]{change}, $changes[1], 'json: the change') if $format eq 'json';
	is($documents[1]{signal}{title}, 'names: first seen again in json', 'json: the signal') if $format eq 'json';
	is($documents[0]{metadata}{uid}, $changes[1], 'ocsf: the change') if $format eq 'ocsf';
	is($documents[0]{id}, $changes[1], 'cloudevents: the change') if $format eq 'cloudevents';
}

# what is hostile neither moves a cursor nor breaks a line
sql(q{insert into events (event) select event(E'bad \x1b[2J\r\n\x07\x7f' || U&'\009b31m\202e\2066\2028\feff' || '"quoted" \\ {{x}} é日𝄞', 9000)});
sql('select newterm.number_changes()');
foreach my $to (qw(text json ocsf ecs cloudevents))
{
	sql(q{delete from newterm.deliveries where subscription = 'lines'; insert into newterm.deliveries (subscription, position) select 'lines', max(position) from newterm.changes});
	($code, $out) = alerts('-s', 'lines', '--to', $to, '--once');
	is($out =~ tr/\n//, $to eq 'ecs' ? 2 : 1, "hostile, $to: lines");
	unlike($out, qr/[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf/, "hostile, $to: no control character");
	like($out, qr/\Q"quoted" \ {{x}}\E \xc3\xa9\xe6\x97\xa5\xf0\x9d\x84\x9e/, 'hostile, text: the rest as it is') if $to eq 'text';
	next if $to eq 'text';
	my ($document) = map { json($_) } (split /\n/, $out)[-1];
	like($document->{signal}{term}{eventName}, qr/^bad \x1b\[2J\r\n\x07\x7f\x{9b}31m\x{202e}\x{2066}\x{2028}\x{feff}"quoted" \\ \{\{x\}\} \x{e9}\x{65e5}\x{1d11e}$/, 'hostile, json: the value is what it was')
	  if $to eq 'json';
}

# nested deep, and large
sql(q{insert into events (event) values (event('deep', 9000) || jsonb_build_object('deep', (repeat('[', 1000) || repeat(']', 1000))::jsonb, 'large', repeat('x', 300000)))});
($code, $out) = alerts('-s', 'lines', '--to', 'text', '--once');
like($out, qr/new: names: first seen deep \(rule/, 'a record that is nested deep, as text');
is(status('lines'), '0 0 0', 'and acknowledged');

# output that is full, or closed
see('nobody reads');
foreach my $output ('>/dev/full', '>&-')
{
	IPC::Run::run([ 'sh', '-c', "exec newterm-alerts -s lines --to json --once $output" ], '2>', \$err);
	is($? >> 8, 1, "output $output: status");
	like($err, qr/standard output cannot be written/, "output $output: told");
	is(status('lines'), '1 0 0', "output $output: nothing is acknowledged");
}
like((alerts('-s', 'lines', '--to', 'text', '--once'))[1], qr/nobody reads/, 'it is told again');

# ---- webhooks ----

subscribe('webhook');
see('hook');
($code, $out, $err) = alerts('-s', 'webhook', '--to', 'webhook=' . $receiver->url('a/ok'), '--once');
is($code, 0, 'webhook: status') or diag($err);
my @got = $receiver->requests;
is(scalar @got, 1, 'webhook: one request');
is($got[0]{headers}{'content-type'}, 'application/json', 'webhook: content type');
is($got[0]{headers}{'webhook-id'}, json($got[0]{body})->{change}, 'webhook: the change as id');
is(json($got[0]{body})->{signal}{term}{eventName}, 'hook', 'webhook: the signal');
like($got[0]{headers}{'user-agent'}, qr/^newterm-alerts\//, 'webhook: user agent');
ok(!exists $got[0]{headers}{'webhook-signature'}, 'webhook: no signature without a key');

append_to_file("$folder/url", $receiver->url('from-a-file/ok?token=s3cr3t-token') . "\n");
append_to_file("$folder/headers", "Authorization: Bearer s3cr3t-bearer\nX-Title: {{signal.title}}\n");
append_to_file("$folder/body", '{"text": "{{ signal.title }}", "term": {{signal.term}}, "first": "{{signal.terms.0.eventName}}", "none": "{{signal.none}}", "n": {{signal.id}}}');
append_to_file("$folder/key", "whsec_c2VjcmV0IGtleSBvZiB0aGUgdGVzdA==\n");
chmod 0600, map { "$folder/$_" } qw(url headers body key);
$ENV{TEST_HMAC} = 'plain key of the test';
see('templates "quoted"');
($code, $out, $err) = alerts('-s', 'webhook', '--to', "webhook=\@$folder/url", '--header', "\@$folder/headers", '--header', 'X-Kind: {{kind}}', '--body', "\@$folder/body", '--hmac-key', "\@$folder/key", '--once', '-v');
@got = $receiver->requests;
is($got[0]{path}, '/from-a-file/ok?token=s3cr3t-token', 'webhook: URL from a file');
is_deeply(json($got[0]{body}), { text => 'names: first seen templates "quoted"', term => { eventName => 'templates "quoted"' }, first => 'templates "quoted"', none => '', n => json($got[0]{body})->{n} }, 'webhook: a body of the user\'s');
is($got[0]{headers}{authorization}, 'Bearer s3cr3t-bearer', 'webhook: headers from a file');
is($got[0]{headers}{'x-title'} . '|' . $got[0]{headers}{'x-kind'}, 'names: first seen templates "quoted"|new', 'webhook: templates in headers');
my $signed = join '.', $got[0]{headers}{'webhook-id'}, $got[0]{headers}{'webhook-timestamp'}, $got[0]{body};
is($got[0]{headers}{'webhook-signature'}, 'v1,' . hmac_sha256_base64($signed, 'secret key of the test') . '=', 'webhook: signed');
cmp_ok(abs($got[0]{headers}{'webhook-timestamp'} - time), '<', 60, 'webhook: with the time');
unlike("$out$err", qr/s3cr3t|c2VjcmV0|of the test/, 'webhook: no secret is said');
# keys of other lengths: a block, more than one, one byte
foreach my $key ('k', 'x' x 64, 'x' x 65, 'x' x 200)
{
	$ENV{TEST_HMAC} = $key;
	see("key of " . length $key);
	alerts('-s', 'webhook', '--to', 'webhook=' . $receiver->url('a/ok'), '--hmac-key', 'env:TEST_HMAC', '--body', 'y' x length $key, '--once');
	@got = $receiver->requests;
	is($got[0]{headers}{'webhook-signature'}, 'v1,' . hmac_sha256_base64(join('.', $got[0]{headers}{'webhook-id'}, $got[0]{headers}{'webhook-timestamp'}, $got[0]{body}), $key) . '=', 'signed with a key of ' . length($key) . ' bytes');
}
$ENV{TEST_HMAC} = 'plain key of the test';
see("form \r\n injected: header", 'form');
alerts('-s', 'webhook', '--to', 'webhook=' . $receiver->url('a/ok'), '--header', 'X-Title: {{signal.title}}', '--content-type', 'application/x-www-form-urlencoded', '--body', 'text={{signal.term.eventName}}&event={{signal.event}}', '--hmac-key', 'env:TEST_HMAC', '--once');
@got = $receiver->requests;
my ($injected) = grep { $_->{headers}{'x-title'} =~ /injected/ } @got;
is($injected->{headers}{'x-title'}, 'names: first seen form \u000d\u000a injected: header', 'no header comes out of a value');
ok(!exists $injected->{headers}{injected} && !grep({ /^ *injected/ } @{ $injected->{raw_headers} }), 'none at all');
like($injected->{body}, qr/^text=form%20%0D%0A%20injected%3A%20header&event=%7B%22eventID%22/, 'forms are percent-encoded');
see('other format');
alerts('-s', 'webhook', '--to', 'webhook=' . $receiver->url('a/ok'), '--format', 'cloudevents', '--once');
@got = $receiver->requests;
is($got[0]{headers}{'content-type'} . ' ' . json($got[0]{body})->{type}, 'application/cloudevents+json newterm.signal.new', 'another format');

# Elasticsearch says what became of a document in its answer
see('bulk');
$receiver->answers('{"errors":false,"items":[{"create":{"_id":"x","status":201}}]}');
is((alerts('-s', 'webhook', '--to', 'webhook=' . $receiver->url('es/ok'), '--format', 'ecs', '--once'))[0], 0, '_bulk: taken');
@got = $receiver->requests;
is($got[0]{headers}{'content-type'}, 'application/x-ndjson', '_bulk: content type');
like($got[0]{body}, qr/^\{"create":\{"_id":"[0-9a-f-]{36}"\}\}\n\{.*\}\n\z/, '_bulk: two lines');
see('bulk again');
$receiver->answers('{"errors":true,"items":[{"create":{"_id":"x","status":409,"error":{"type":"version_conflict_engine_exception"}}}]}');
is((alerts('-s', 'webhook', '--to', 'webhook=' . $receiver->url('es/ok'), '--format', 'ecs', '--once'))[0], 0, '_bulk: there already');
see('bulk refused');
$receiver->answers('{"errors":true,"items":[{"create":{"_id":"x","status":400,"error":{"type":"mapper_parsing_exception"}}}]}');
($code, undef, $err) = alerts('-s', 'webhook', '--to', 'webhook=' . $receiver->url('es/ok'), '--format', 'ecs', '--once');
is($code, 1, '_bulk: refused');
like($err, qr/is parked: HTTP 400: .*mapper_parsing_exception/, '_bulk: with the reason');
unlink $receiver->{answers};
$receiver->requests;

# ---- what is retried, and what is parked ----

subscribe('retry');
foreach my $again (408, 425, 429, 500, 502, 503, 504)
{
	see("again $again");
	($code, $out, $err) = alerts('-s', 'retry', '--to', 'webhook=' . $receiver->url("retry/$again"), '--once', '--backoff', '0.001');
	is($code, 1, "$again: --once tells of the failure");
	like($err, qr/attempt 1\): HTTP $again: answer $again; next attempt in/, "$again: it is told");
	is(status('retry'), '1 0 0', "$again: it waits");
	sleep 0.01;
	is((alerts('-s', 'retry', '--to', 'webhook=' . $receiver->url('retry/ok'), '--once'))[0], 0, "$again: and is sent again");
}
is(sql("select last_error from newterm.delivery where subscription = 'retry'"), 'HTTP 504: answer 504', 'the last error is shown');
$receiver->requests;
foreach my $final (400, 401, 403, 404, 410, 413, 301)
{
	see("final $final", "behind $final");
	($code, $out, $err) = alerts('-s', 'retry', '--to', 'webhook=' . $receiver->url("final/$final/1"), '--once');
	like($err, qr/was refused by the webhook, and is parked: HTTP $final: answer $final/, "$final: parked");
	is(status('retry'), '0 0 1', "$final: what is behind it goes on");
	is(sql("select error from newterm.deliveries where subscription = 'retry'"), "HTTP $final: answer $final", "$final: the answer is kept");
	sql("select newterm.acknowledge('retry', array_agg(position), null) from newterm.deliveries where subscription = 'retry'");
}
$receiver->requests;
# an answer that repeats what is secret, or means harm
see('echo');
append_to_file("$folder/echo", $receiver->url('echo/400/1?key=s3cr3t-echo') . "\n");
chmod 0600, "$folder/echo";
$receiver->answers("you sent /echo/400/1?key=s3cr3t-echo\x1b[2J" . 'z' x 10000);
($code, $out, $err) = alerts('-s', 'retry', '--to', "webhook=\@$folder/echo", '--once', '-v');
unlike($err, qr/s3cr3t|\x1b/, 'an answer that repeats a secret is not logged with it');
my $error = sql("select error from newterm.deliveries where subscription = 'retry'");
like($error, qr/^HTTP 400: you sent \*\*\*\\u001b\[2Jz+$/, 'nor stored');
cmp_ok(length $error, '<', 600, 'answers are cut');
unlink $receiver->{answers};
sql("select newterm.acknowledge('retry', array_agg(position), null) from newterm.deliveries where subscription = 'retry'");
$receiver->requests;

# a daemon: Retry-After, order, attempts
subscribe('daemon');
my $run = start('-s', 'daemon', '--to', 'webhook=' . $receiver->url('daemon/503/2'), '--backoff', '0.05', '--poll', '60', '-v');
wait_for('connected', sub { $run->{err} =~ /connected/ }, $run);
my $begin = time;
see('first', 'second', 'third');
wait_for('all are told', sub { status('daemon') eq '0 0 0' && $node->safe_psql('postgres', 'select count(*) from newterm.changes where position is null') == 0 }, $run);
@got = $receiver->requests;
is(join(' ', map { json($_->{body})->{signal}{term}{eventName} . ":$_->{status}" } @got), 'first:503 first:503 first:200 second:200 third:200', 'what failed keeps those behind it waiting: the order stays');
is(finish($run), 0, 'SIGTERM: status 0');
$receiver->answers('later', "Retry-After: 1\r\n");
$run = start('-s', 'daemon', '--to', 'webhook=' . $receiver->url('later/429/1'), '--backoff', '0.01', '--poll', '60');
see('retry after');
wait_for('told after a while', sub { my @more = $receiver->requests; push @got, @more; grep { $_->{path} eq '/later/429/1' && $_->{status} == 200 } @got }, $run);
my @later = grep { $_->{path} eq '/later/429/1' } @got;
cmp_ok($later[1]{at} - $later[0]{at}, '>', 0.9, 'Retry-After is heeded');
wait_for('acknowledged', sub { status('daemon') eq '0 0 0' }, $run);
finish($run);
unlink $receiver->{answers};

# nothing is there: no attempt counts; no answer: one does
subscribe('nobody');
see('nobody');
my $free = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
my $port = $free->sockport;
close $free;
($code, $out, $err) = alerts('-s', 'nobody', '--to', "webhook=http://127.0.0.1:$port/x", '--once', '--backoff', '0.001');
like($err, qr/Failed to connect|refused/, 'nobody listens: told');
is(sql("select attempt from newterm.deliveries where subscription = 'nobody'"), 0, 'nobody listens: the change is not at fault');
sleep 0.01;
($code, $out, $err) = alerts('-s', 'nobody', '--to', 'webhook=' . $receiver->url('x/nothing'), '--once', '--timeout', '0.2', '--backoff', '0.001');
like($err, qr/timed out|timeout/i, 'no answer: told');
is(sql("select attempt from newterm.deliveries where subscription = 'nobody'"), 1, 'no answer: an attempt');
$receiver->requests;

# ten attempts
subscribe('poison');
see('poison', 'antidote');
$run = start('-s', 'poison', '--to', 'webhook=' . $receiver->url('poison/500/10'), '--backoff', '0.001', '--poll', '0.1');
wait_for('parked after ten attempts, and what is behind it goes on', sub { status('poison') eq '0 0 1' }, $run);
is(finish($run), 0, 'stopped');
is(join(' ', map { json($_->{body})->{signal}{term}{eventName} } $receiver->requests), join(' ', ('poison') x 10, 'antidote'), 'each attempt was one');
sql("select newterm.unpark('poison')");
is((alerts('-s', 'poison', '--to', 'webhook=' . $receiver->url('poison/ok'), '--once'))[0], 0, 'and can be tried again');
$receiver->requests;

# ---- Slack and PagerDuty, and the rate ----

subscribe('slack');
$ENV{NEWTERM_SLACK_URL} = $receiver->url('services/ok');
see('slack 1');
($code, $out, $err) = alerts('-s', 'slack', '--to', 'slack', '--once');
@got = $receiver->requests;
is(json($got[0]{body})->{text}, '[medium] names: first seen slack 1', 'slack: the message') or diag($err);
see(map { "flood $_" } 1 .. 60);
$begin = time;
$run = start('-s', 'slack', '--to', 'slack', '--poll', '60', '-v');
wait_for('slack: a flood ends', sub { status('slack') eq '0 0 0' }, $run);
cmp_ok(time - $begin, '<', 8, 'slack: soon');
@got = $receiver->requests;
my @singles = grep { json($_->{body})->{blocks}[0]{type} eq 'header' } @got;
my @digests = grep { json($_->{body})->{blocks}[0]{type} eq 'section' } @got;
cmp_ok(scalar @singles, '>=', 5, 'slack: the first ones by themselves');
is(scalar @digests, 1, 'slack: the rest as one digest');
like(json($digests[0]{body})->{text}, qr/^(\d+) more changes of newterm's signals: \1 medium$/, 'slack: how many');
my ($count) = json($digests[0]{body})->{text} =~ /^(\d+)/;
is($count + @singles, 60, 'slack: none is dropped');
my ($query) = json($digests[0]{body})->{blocks}[1]{text}{text} =~ /^```(SELECT .*;)```$/;
is(sql("select count(*), bool_and(title ~ 'flood') from ($query) q" =~ s/;\) q/) q/r), "$count|t", 'slack: and the query lists them');
finish($run);

subscribe('pagerduty');
append_to_file("$folder/routing", "s3cr3t-routing-key\n");
chmod 0600, "$folder/routing";
my @pagerduty = ('-s', 'pagerduty', '--to', "pagerduty=\@$folder/routing", '--pagerduty-url', $receiver->url('v2/ok'));
see('page');
($code, $out, $err) = alerts(@pagerduty, '--once', '-v');
@got = $receiver->requests;
my $page = json($got[0]{body});
is("$page->{routing_key} $page->{event_action} $page->{payload}{severity} $page->{payload}{summary}", 's3cr3t-routing-key trigger warning names: first seen page', 'pagerduty: triggers');
unlike($err, qr/s3cr3t/, 'pagerduty: the key is not said');
sql("update newterm.signals set status = 'under_review' where title ~ 'seen page'");
alerts(@pagerduty, '--once');
sql("update newterm.signals set status = 'archived' where title ~ 'seen page'");
alerts(@pagerduty, '--once');
@got = map { json($_->{body}) } $receiver->requests;
is(join(' ', map { $_->{event_action} } @got), 'acknowledge resolve', 'pagerduty: triage acknowledges and resolves');
is_deeply([ map { $_->{dedup_key} } @got ], [ ($page->{dedup_key}) x 2 ], 'pagerduty: the same incident');
see(map { "pages $_" } 1 .. 40);
sql("update newterm.signals set status = 'archived' where title ~ 'seen pages 40'");
$run = start(@pagerduty, '--poll', '60');
wait_for('pagerduty: a flood ends', sub { status('pagerduty') eq '0 0 0' }, $run);
finish($run);
@got = map { json($_->{body}) } $receiver->requests;
is((grep { $_->{event_action} eq 'resolve' } @got) . '', 2, 'pagerduty: what resolves is told by itself');
my @page_digests = grep { $_->{dedup_key} =~ /digest/ } @got;
cmp_ok(scalar @page_digests, '>=', 1, 'pagerduty: a digest');
my $told = 0;
$told += $_->{payload}{custom_details}{changes} // 1 foreach @got;
is($told, 41, 'pagerduty: none is dropped');
is($page_digests[0]{payload}{severity}, 'warning', 'pagerduty: as severe as the worst');

# ---- commands ----

subscribe('exec');
see("exec ''quoted''");
($code, $out, $err) = alerts('-s', 'exec', '--exec', "cat >'$folder/exec'; echo \$NEWTERM_KIND \$NEWTERM_CHANGE >>'$folder/exec'", '--once');
is($code, 0, 'exec: status') or diag($err);
my @lines = split /\n/, slurp_file("$folder/exec");
is(json($lines[0])->{signal}{term}{eventName}, "exec 'quoted'", 'exec: the JSON on its input');
is($lines[1], 'new ' . json($lines[0])->{change}, 'exec: what it is, in the environment');
see('exec fails');
($code, $out, $err) = alerts('-s', 'exec', '--exec', 'exit 3', '--once', '--backoff', '0.001');
like($err, qr/ended with status 3/, 'exec: a status other than 0 is a failure');
sleep 0.01;
($code, $out, $err) = alerts('-s', 'exec', '--exec', 'sleep 30', '--once', '--timeout', '0.3', '--backoff', '0.001');
like($err, qr/took longer than 0.3 seconds/, 'exec: so is one that takes too long');
sleep 0.01;
($code, $out, $err) = alerts('-s', 'exec', '--exec', 'kill -9 $$', '--once', '--backoff', '0.001');
like($err, qr/died of signal 9/, 'exec: and one that dies');
sleep 0.01;
is((alerts('-s', 'exec', '--exec', 'true', '--once'))[0], 0, 'exec: one need not read its input');
sql(q{insert into events (event) select event('large', 9000) || jsonb_build_object('large', repeat('x', 1000000))});
is((alerts('-s', 'exec', '--exec', 'true', '--once'))[0], 0, 'exec: not even a large one');
sql(q{insert into events (event) select event('large too', 9000) || jsonb_build_object('large', repeat('x', 1000000))});
alerts('-s', 'exec', '--exec', "wc -c >'$folder/size'", '--once');
cmp_ok(slurp_file("$folder/size"), '>', 1000000, 'exec: a large one arrives');

# ---- dry run ----

subscribe('dry');
see('dry');
($code, $out, $err) = alerts('-s', 'dry', '--to', "webhook=\@$folder/url", '--header', "\@$folder/headers", '--header', 'X-Plain: shown', '--dry-run');
is($code, 0, 'dry run: status');
like($out, qr/^-- change [0-9a-f-]{36} of signal \d+, to the webhook:\nContent-Type: application\/json\nAuthorization\nX-Title\nX-Plain: shown\nwebhook-id: .*\n\n\{.*"dry"/s, 'dry run: shows what would be sent');
unlike("$out$err", qr/s3cr3t/, 'dry run: no secrets');
is(scalar $receiver->requests, 0, 'dry run: nothing is sent');
is(sql("select attempt, epoch is null from newterm.deliveries where subscription = 'dry'"), '', 'dry run: nothing is handed out');
is(status('dry'), '1 0 0', 'dry run: it waits as before');
like((alerts('-s', 'dry', '--to', 'text', '--dry-run'))[1], qr/ new: names: first seen dry /, 'dry run: of lines');

# ---- the connection ----

# read and retried whatever the role's isolation level
sql("alter database postgres set default_transaction_isolation = 'serializable'; alter database postgres set default_transaction_read_only = on");
is((alerts('-s', 'dry', '--to', 'text', '--once'))[0], 0, 'any default of transactions will do');
sql("set default_transaction_read_only = off; alter database postgres reset all");

subscribe('connection');
$run = start('-s', 'connection', '--to', 'webhook=' . $receiver->url('c/ok'), '--poll', '0.3', '-v');
wait_for('connected', sub { $run->{err} =~ /connected/ }, $run);
see('before');
wait_for('told', sub { status('connection') eq '0 0 0' }, $run);
sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'newterm-alerts'");
see('after the connection was lost');
wait_for('reconnects', sub { status('connection') eq '0 0 0' }, $run);
$node->restart;
see('after a restart');
wait_for('a server that restarts', sub { status('connection') eq '0 0 0' }, $run);
# no notification arrives, as through a pooler: it looks by itself
sql(q{set newterm.channel = 'another'; insert into events (event) values (event('polled', 9000))});
wait_for('polls', sub { status('connection') eq '0 0 0' }, $run);
is(finish($run), 0, 'stops');
like($run->{err}, qr/connection lost: /, 'and says that it lost the connection');
is(join(', ', map { json($_->{body})->{signal}{term}{eventName} } $receiver->requests), 'before, after the connection was lost, after a restart, polled', 'each told once');
# a notification is heard at once
sql("alter database postgres set newterm.channel = 'Other \"channel\"'");
$run = start('-s', 'connection', '--to', 'webhook=' . $receiver->url('c/ok'), '--poll', '3600', '-v');
wait_for('connected', sub { $run->{err} =~ /connected/ }, $run);
see('heard');
wait_for('hears of the server\'s channel', sub { status('connection') eq '0 0 0' }, $run);
is(finish($run, 'INT'), 0, 'SIGINT stops, too');
sql('alter database postgres reset all');
$receiver->requests;

# SIGTERM in the middle of a request: it ends, is acknowledged, and nothing is left in flight
see('slow 1', 'slow 2');
$run = start('-s', 'connection', '--exec', "sleep 1; cat >>'$folder/slow'", '--poll', '60');
wait_for('one is in flight', sub { status('connection') eq '0 2 0' }, $run);
$begin = time;
is(finish($run), 0, 'SIGTERM while a command runs');
cmp_ok(time - $begin, '<', 3, 'stops soon');
is(scalar(() = slurp_file("$folder/slow") =~ /"change"/g), 1, 'the command ended');
is(status('connection'), '1 0 0', 'what it told is acknowledged, the rest given back');
alerts('-s', 'connection', '--exec', 'true', '--once');
# killed: what it had is leased, and comes again
see('killed');
$run = start('-s', 'connection', '--exec', 'exec sleep 3 >/dev/null 2>&1', '--lease', '1', '--timeout', '0.9', '--poll', '60');
wait_for('one is in flight', sub { status('connection') eq '0 1 0' }, $run);
$run->{run}->signal('KILL');
$run->{run}->finish;
is(status('connection'), '0 1 0', 'killed: its lease goes on');
wait_for('and ends', sub { status('connection') eq '1 0 0' });
is((alerts('-s', 'connection', '--exec', 'true', '--once'))[0], 0, 'and another one delivers');

# ---- signals that are gone, or cannot be written ----

subscribe('gone');
see('gone', 'there');
sql("delete from newterm.signals where term ->> 'eventName' = 'gone'");
($code, $out, $err) = alerts('-s', 'gone', '--to', 'text', '--once');
like($err, qr/is no more: nothing to tell/, 'a signal that was deleted');
like($out, qr/^.* new: names: first seen there .*\n\z/, 'the next one goes on');
is(status('gone'), '0 0 0', 'nothing waits');
see('bad', 'good');
sql(q{create or replace function newterm.signal_as_newterm(signal jsonb, told jsonb) returns jsonb language plpgsql as
	$$ begin if signal ->> 'title' ~ 'bad' then raise exception 'cannot be written'; end if; return told || jsonb_build_object('signal', signal); end $$});
($code, $out, $err) = alerts('-s', 'gone', '--to', 'text', '--once');
like($err, qr/cannot be written as newterm: ERROR:  cannot be written/, 'one that cannot be written is told');
like($out, qr/seen good/, 'and does not keep others');
is(status('gone'), '1 0 0', 'it is tried again');

# ---- mistakes ----

my %mistakes = (
	'no arguments' => [ [], qr/--subscription is missing/ ],
	'no destination' => [ [ '-s', 'x' ], qr/--to is missing/ ],
	'two destinations' => [ [ '-s', 'x', '--to', 'json', '--exec', 'true' ], qr/two destinations/ ],
	'two of a kind' => [ [ '-s', 'x', '--to', 'json', '--to', 'text' ], qr/more than one destination/ ],
	'unknown destination' => [ [ '-s', 'x', '--to', 'fax' ], qr/no destination "fax"/ ],
	'unknown subscription' => [ [ '-s', 'x', '--to', 'json', '--once' ], qr/there is no subscription "x"/ ],
	'a URL on the command line' => [ [ '-s', 'x', '--to', 'slack=https://hooks.slack.com/services/s3cr3t' ], qr/must not stand on the command line/ ],
	'a key on the command line' => [ [ '-s', 'x', '--to', 'pagerduty=s3cr3t-key' ], qr/must not stand on the command line/ ],
	'a host that only begins so' => [ [ '-s', 'x', '--to', 'webhook=http://127.0.0.1.example.com/s3cr3t' ], qr/must not stand on the command line/ ],
	'a user before a host' => [ [ '-s', 'x', '--to', 'webhook=http://127.0.0.1:80@example.com/s3cr3t' ], qr/must not stand on the command line/ ],
	'no such file' => [ [ '-s', 'x', '--to', 'slack=@/nonexistent' ], qr/could not open the file "\/nonexistent"/ ],
	'no such variable' => [ [ '-s', 'x', '--to', 'slack=env:NO_SUCH_VARIABLE' ], qr/NO_SUCH_VARIABLE .* is not set/ ],
	'no URL' => [ [ '-s', 'x', '--to', 'slack=env:PGPORT' ], qr/does not begin with https/ ],
	'no number' => [ [ '-s', 'x', '--to', 'json', '--poll', 'often' ], qr/--poll must be a number/ ],
	'a lease too short' => [ [ '-s', 'x', '--to', 'json', '--lease', '5' ], qr/--timeout \(10\) must be shorter than --lease/ ],
	'no such format' => [ [ '-s', 'x', '--exec', 'true', '--format', 'xml' ], qr/no format "xml"/ ],
	'a format for lines' => [ [ '-s', 'x', '--to', 'json', '--format', 'ocsf' ], qr/--format is for/ ],
	'a header for lines' => [ [ '-s', 'x', '--to', 'json', '--header', 'A: b' ], qr/are for webhooks/ ],
	'no header' => [ [ '-s', 'x', '--to', 'webhook=http://127.0.0.1:1/', '--header', 'nothing' ], qr/a header is no "Name: value"/ ],
	'a template without end' => [ [ '-s', 'x', '--to', 'webhook=http://127.0.0.1:1/', '--body', '{{kind' ], qr/has no end/ ],
	'body and format' => [ [ '-s', 'x', '--to', 'webhook=http://127.0.0.1:1/', '--body', 'x', '--format', 'ocsf' ], qr/exclude each other/ ],
	'no base64' => [ [ '-s', 'x', '--to', 'webhook=http://127.0.0.1:1/', '--hmac-key', 'env:BAD_KEY' ], qr/no base64/ ],
	'no server' => [ [ '-s', 'x', '--to', 'json', '--once', '-h', '/nonexistent' ], qr/no connection: / ],
	'unknown option' => [ [ '--frobnicate' ], qr/frobnicate/ ]);
$ENV{BAD_KEY} = 'whsec_*';
foreach my $what (sort keys %mistakes)
{
	my ($arguments, $message) = @{ $mistakes{$what} };
	($code, $out, $err) = alerts(@$arguments);
	is($code, 1, "$what: status 1");
	like($err, $message, "$what: told");
	unlike($err, qr/s3cr3t/, "$what: without the secret");
}
chmod 0644, "$folder/routing";
like((alerts(@pagerduty, '--once'))[2], qr/everybody may read the file/, 'a secret that everybody may read');
is((alerts('--version'))[1], 'newterm-alerts ' . sql("select extversion from pg_extension where extname = 'newterm'") . "\n", '--version');
like((alerts('--help'))[1], qr/^newterm-alerts tells one destination/, '--help');

# a role that may do nothing else
sql('create role teller login; grant execute on function newterm.next_signals, newterm.acknowledge, newterm.fail, newterm.signal_as to teller');
subscribe('teller');
see('teller');
is((alerts('-s', 'teller', '--to', 'json', '--once', '-U', 'teller'))[0], 0, 'a role with EXECUTE on four functions');
$receiver->stop;
$node->stop;
done_testing();
