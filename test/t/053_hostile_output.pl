# One event that means harm in every value, on each way out: title, message, NOTIFY, formats, report, and what newterm-alerts
# writes and sends.  All of it is valid in its format, a person's terminal and page are left alone, and nothing is executed.

use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_base64);
use Encode;
use File::Basename;
use JSON::PP;
use lib dirname(__FILE__) . '/../lib';
use AlertReceiver;
use Markup;
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_server('main', conf => "fsync = off\n");
watch_events($node);
my $receiver = AlertReceiver->new;
my $folder = PostgreSQL::Test::Utils::tempdir();
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';

sub sql { return $node->safe_psql('postgres', @_); }
sub json { return JSON::PP->new->utf8->max_depth(1000)->decode($_[0]); }

# What bytes of valid UTF-8 say.
sub characters
{
	my ($text) = @_;
	die 'this is no UTF-8' unless utf8::decode($text) && $text !~ /[\x{d800}-\x{dfff}]/;
	return $text;
}

# ---- the event ----

# What moves a cursor, begins a line or turns the order of what is read.
my $unseen = qr/[\x00-\x1f\x7f-\x9f\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}\x{feff}]/;
my $hostile = qq{=cmd|'/C touch $folder/formula'!A1 \@SUM(1) "q" 'q' \\ { } {{rule.name}} {{term}} {{}}}
  . " \x{61c}\x{200e}\x{202e}fdp.exe\x{202c} \x{2066}\x{2069} \x{2028}\x{2029}\x{feff} \r\nHeader: injected\r\n\r\n\t\a\b\f\x7f \x1b[2J\x1b[31m\x1b]0;title\x07\x1b]8;;http://x\x1b\\link"
  . " \x{85}\x{9b}31m \x{fffe}\x{10ffff} \x{e9}\x{65e5}\x{1d11e} LONE NUL <script>alert(1)</script> <img src=http://127.0.0.1/x onerror=alert(1)>"
  . ' </style></pre></title><!-- ]]> &lt; &#0; <!channel> <@U1> <http://x|y> *b* :fire: [x](javascript:1) %s %n ${x} #{y} <%= z %>'
  . " `touch $folder/backticks` \$(touch $folder/substituted) ; touch $folder/semicolon; | tee $folder/pipe & ' ; touch $folder/quoted ; ' '; DROP TABLE events; --";
my $long = "$hostile " x (100_000 / length($hostile) + 1);
my %event = (
	eventVersion => $hostile, eventTime => '2024-03-02T10:20:30Z', eventID => "id $hostile", eventName => $hostile, eventSource => $hostile,
	awsRegion => $hostile, sourceIPAddress => $hostile, userAgent => $long, requestID => $hostile, recipientAccountId => $hostile,
	errorCode => $hostile, errorMessage => $long,
	userIdentity => { type => $hostile, arn => "arn $hostile", principalId => $hostile, userName => $hostile, accountId => $hostile, invokedBy => $hostile,
		sessionContext => { sessionIssuer => { arn => $hostile, userName => $hostile } } },
	requestParameters => { $hostile => $hostile, name => $long, list => [ $hostile, $long ], '{{x}}.y' => '', ' ' => undef });
sub escaped { return $_[0] =~ s/LONE/\\ud800 \\udc00/gr =~ s/NUL/\\u0000/gr; }
my $record = escaped(JSON::PP->new->ascii->canonical->encode(\%event));
# as it is stored: what jsonb cannot hold is U+FFFD
my $stored = $hostile =~ s/LONE/\x{fffd} \x{fffd}/r =~ s/NUL/\x{fffd}/r;

sql(q{select newterm.create_rule('harm', '{eventName,requestParameters.name}', 'eventTime:*', group_by => '{userIdentity.arn}', learning => '0',
	learning_from => '2024-03-01', title => '{{eventName}} {{userAgent}}', message => E'{{eventName}}\n\tby {{userIdentity.arn}}: {{nothing}} {{requestParameters}}',
	tags => '{attack.t1078}')});
sql('select newterm.disable_rule(\'names\')');
sql("select newterm.subscribe('$_')") foreach qw(text json ocsf ecs cloudevents slack pagerduty webhook form exec dry);
my $listener = $node->background_psql('postgres', on_error_stop => 0);
$listener->query_safe('listen newterm');
append_to_file("$folder/log.json", qq({"Records":[$record]}));
sql("select newterm.load_log(pg_read_file('$folder/log.json'), 'events')");
is(sql('select count(*) from newterm.signals'), 1, 'the event is one signal');
is(sql("select string_agg(cause, ', ') from newterm.event_errors"), 'invalid_unicode', 'and what jsonb cannot hold is recorded');

# ---- what a signal says ----

# What of a document, decoded, has characters that do not show, less what stands below these paths.
sub unseen_in
{
	my ($value, $path, @passed) = @_;
	return if grep { $path =~ $_ } @passed;
	return map { unseen_in($_, "$path key", @passed), unseen_in($value->{$_}, "$path.$_", @passed) } sort keys %$value if ref $value eq 'HASH';
	return map { unseen_in($value->[$_], "$path.$_", @passed) } 0 .. $#$value if ref $value eq 'ARRAY';
	return defined $value && $value =~ s/[\n\t]//gr =~ $unseen ? $path : ();
}

# Of psql, which leaves out some characters, only their hexadecimal digits are read.
sub bytes { return pack 'H*', sql("select encode(convert_to(($_[0])::text, 'UTF8'), 'hex') from newterm.signals"); }
sub text { return characters(bytes($_[0])); }

my $title = text('title');
unlike($title, $unseen, 'title: shows all that it holds');
like($title, qr/^=cmd\|.*\Q{{rule.name}} {{term}} {{}}\E/, 'title: a value is no template');
cmp_ok(length $title, '<=', 501, 'title: cut');
my $message = text('message');
unlike($message =~ s/^[^\n]*\K\n\t//r, $unseen, 'message: shows all, but for the layout of its template');
ok($message =~ /\n\tby arn =cmd.*: \? .*\x{2026}\z/, 'message: with ? for what is missing');
cmp_ok(length encode_utf8($message), '<=', 64 * 1024 + 3, 'message: cut');
is(json(bytes('event'))->{eventName}, $stored, 'the record is as it came');

# ---- NOTIFY ----

my $heard = $listener->query("notify newterm, 'mark'");
$heard .= $listener->query('select') while $heard !~ /payload "mark"/;
my ($payload) = $heard =~ /^Asynchronous notification "newterm" with payload "(\{.*\})" received/m;
cmp_ok(length $payload, '<', 8000, 'NOTIFY: short enough');
unlike(characters($payload), $unseen, 'NOTIFY: no character that does not show');
my $notified = json($payload);
is($notified->{kind} . ' ' . $notified->{rule}, 'new harm', 'NOTIFY: JSON');
like($notified->{entity}{'userIdentity.arn'}, qr/^arn =cmd/, 'NOTIFY: the entity');
$listener->quit;

# ---- formats ----

# What stands below these paths is the record, or a part of it, for programs.
my %for_programs = (
	newterm => [ qr/^\.signal\.(event|term|terms|entity|event_id)\b/ ],
	slack => [],
	pagerduty => [ qr/^\.payload\.custom_details\.event\b/ ],
	ocsf => [ qr/^\.evidences\.0\.data\b/ ],
	ecs => [ qr/^\.event\.original$/, qr/^\.newterm\.signal\.event_id$/ ],
	cloudevents => [ qr/^\.data\.signal\.(event|term|terms|entity|event_id)\b/ ]);
foreach my $format (sort keys %for_programs)
{
	my $document = bytes("newterm.signal_as(id, '$format')");
	characters($document);
	is(join(', ', unseen_in(json($document), '', @{ $for_programs{$format} })), '', "$format: texts for people show all");
}
my $slack = json(bytes("newterm.signal_as(id, 'slack')"));
unlike($slack->{text}, qr/[<>]|&(?!amp;|lt;|gt;)/, 'slack: no markup comes out of a value');
is(join(' ', sort map { $_->{type} } grep { ref eq 'HASH' && exists $_->{text} && !ref $_->{text} } map { ($_->{text}, @{ $_->{fields} // [] }, @{ $_->{elements} // [] }) } @{ $slack->{blocks} }) =~ s/\bplain_text\b ?//gr,
	'', 'slack: all else is plain text');
is(json(bytes("newterm.signal_as(id, 'ocsf')"))->{evidences}[0]{data}{eventName}, $stored, 'ocsf: the record is as it came');

# ---- the report ----

IPC::Run::run([ 'psql', '-XAt', '-c', "SELECT newterm.report('2024-03-01', '2024-03-08')" ], '>', "$folder/report.html") or die 'no report';
my $page = characters(slurp_file("$folder/report.html"));
like($page, qr/<article /, 'report: shows the signal');
is(unbalanced($page), '', 'report: each tag is closed');
is(active($page), '', 'report: nothing loads or runs');
unlike($page =~ s/[\n\t]//gr, $unseen, 'report: no character that does not show');

# ---- newterm-alerts ----

# On a terminal, whatever is asked for.
my %shown;
foreach my $to (qw(text json ocsf ecs cloudevents))
{
	my ($code, $out, $err) = alerts('-s', $to, '--to', $to, '--once', '-v');
	is($code, 0, "$to: status") or diag($err);
	$shown{$to} = $out;
	unlike(characters("$out$err") =~ s/\n//gr, $unseen, "$to: no character that does not show");
	is($out =~ tr/\n//, $to eq 'ecs' ? 2 : 1, "$to: a line");
}
like($shown{text}, qr/^2024-03-02T10:20:30\+00:00 medium new: =cmd.* \(rule "harm", signal 1\)\n\z/, 'text: the line');
foreach my $to (qw(json ocsf ecs cloudevents))
{
	my $document = json((split /\n/, $shown{$to})[-1]);
	my $name = { json => sub { $_[0]{signal}{event} }, ocsf => sub { $_[0]{evidences}[0]{data} }, cloudevents => sub { $_[0]{data}{signal}{event} } }->{$to};
	is($name->($document)->{eventName}, $stored, "$to: the record is as it came") if $name;
}

my ($code, $out, $err);
$ENV{NEWTERM_SLACK_URL} = $receiver->url('slack/ok');
$ENV{NEWTERM_PAGERDUTY_KEY} = 'routing "key"';
append_to_file("$folder/body", '{"title": "{{signal.title}}", "name": "{{signal.event.eventName}}", "term": {{signal.term}}, "none": "{{signal.none}}"}');
append_to_file("$folder/form", 'text={{signal.event.eventName}}&more={{signal.title}}');
chmod 0600, "$folder/body", "$folder/form";
$ENV{NEWTERM_HMAC_KEY} = 'key of the test';
my @webhook = ('--to', 'webhook=' . $receiver->url('webhook/ok'), '--header', 'X-Name: {{signal.event.eventName}}', '--hmac-key', 'env:NEWTERM_HMAC_KEY');
my %sent = (
	slack => [ '--to', 'slack' ],
	pagerduty => [ '--to', 'pagerduty', '--pagerduty-url', $receiver->url('pagerduty/ok') ],
	webhook => [ @webhook, '--body', "\@$folder/body" ],
	form => [ @webhook, '--content-type', 'application/x-www-form-urlencoded', '--body', "\@$folder/form" ]);
foreach my $subscription (sort keys %sent)
{
	($code, $out, $err) = alerts('-s', $subscription, @{ $sent{$subscription} }, '--once', '-v');
	is($code, 0, "$subscription: status") or diag($err);
	unlike(characters($err) =~ s/\n//gr, $unseen, "$subscription: what is said shows all");
	my @requests = $receiver->requests;
	is(scalar @requests, 1, "$subscription: one request");
	$sent{$subscription} = $requests[0];
	ok(!grep({ /^ *(Header|injected)/i } @{ $requests[0]{raw_headers} }), "$subscription: no header comes out of a value");
	next if $subscription eq 'form';
	my $body = json($requests[0]{body});
	is(join(', ', unseen_in($body, '', @{ $for_programs{$subscription} // [ qr/^\.(name|term)\b/ ] })), '', "$subscription: texts for people show all");
}
foreach my $subscription (qw(webhook form))
{
	my %headers = %{ $sent{$subscription}{headers} };
	is($headers{'webhook-signature'}, 'v1,' . hmac_sha256_base64(join('.', $headers{'webhook-id'}, $headers{'webhook-timestamp'}, $sent{$subscription}{body}), 'key of the test') . '=',
		"$subscription: signed as it was sent");
	unlike(characters($headers{'x-name'}), $unseen, "$subscription: a header of one line");
}
my $filled = json($sent{webhook}{body});
is_deeply([ @$filled{qw(title name none)}, $filled->{term}{eventName} ], [ $title, $stored, '', $stored ], 'webhook: the template is filled with what there is');
is($sent{form}{body} =~ s/[A-Za-z0-9._~%=&-]+//gr, '', 'form: percent-encoded');
my ($field) = $sent{form}{body} =~ /^text=([^&]*)&more=[^&]*\z/;
is(characters($field =~ s/%(..)/chr hex $1/ger), $stored, 'form: the value is what it was');
my $page_event = json($sent{pagerduty}{body});
is("$page_event->{routing_key} $page_event->{event_action}", 'routing "key" trigger', 'pagerduty: the key stands beside, not inside');

($code, $out, $err) = alerts('-s', 'exec', '--exec', qq{cat >'$folder/exec'; echo "\$NEWTERM_KIND" "\$NEWTERM_SIGNAL" >>'$folder/exec'}, '--once');
is($code, 0, 'exec: status') or diag($err);
my @lines = split /\n/, slurp_file("$folder/exec");
is(scalar @lines, 2, 'exec: the JSON is a line');
is(json($lines[0])->{signal}{event}{eventName}, $stored, 'exec: the record on its input');
is($lines[1], 'new 1', 'exec: nothing of the event in its environment');
foreach my $to ([ '--to', 'text' ], [ '--to', 'json' ], [ @webhook, '--body', "\@$folder/body" ], [ '--to', 'slack' ], [ '--exec', 'true' ])
{
	($code, $out, $err) = alerts('-s', 'dry', @$to, '--dry-run');
	unlike(characters("$out$err") =~ s/\n//gr, $unseen, "dry run of @$to[0,1]: no character that does not show");
}

# ---- nothing was executed ----

is(join(' ', grep { -e "$folder/$_" } qw(formula backticks substituted semicolon pipe quoted)), '', 'no command that a value holds has run');
is(sql("select to_regclass('public.events')"), 'events', 'no statement, either');
$receiver->stop;
$node->stop;
done_testing();
