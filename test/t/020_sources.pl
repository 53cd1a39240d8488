# Rows come from everywhere, and tables change: each term is told of once, whichever way it came.

use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__) . '/../lib';
use NewtermServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_server('main', conf => "fsync = off\n");
watch_events($node);

sub sql { return $node->safe_psql('postgres', @_); }

# What a script is refused with.
sub refusal
{
	my ($script) = @_;
	my ($status, $out, $error) = $node->psql('postgres', $script, on_error_stop => 1);
	return $status == 0 ? 'nothing' : $error;
}

# All that newterm has stored, as one value.
sub stored
{
	return sql(q{select md5(string_agg(t::text, E'\n' order by t::text)) from (
		select to_jsonb(r) from newterm.runs r union all select to_jsonb(s) from newterm.signals s
		union all select to_jsonb(d) from newterm.detection_log d) t(t)});
}

# ---- partitions ----

sql(q{
	create table parts (part int, event jsonb) partition by list (part);
	create table parts_1 partition of parts for values in (1);
	create table parts_2 partition of parts for values in (2) partition by list (part);
	create table parts_2_leaf partition of parts_2 default;
	select newterm.watch('parts');
	insert into parts values (1, event('part root', 7200)), (2, event('part below', 7200));
	insert into parts_1 values (1, event('part leaf', 7200));
	insert into parts_2_leaf values (2, event('part lowest', 7200));});
is(signals($node, 'part'), 'part below part leaf part lowest part root', 'a partitioned table, and its leaves directly');
is(sql("select events from newterm.watched order by 1"), "events\nparts", 'partitions are not listed as watched tables');

# columns in another order, and two that were dropped
sql(q{
	create table parts_3 (gone text, event jsonb, also_gone int, part int);
	alter table parts_3 drop column gone, drop column also_gone;
	alter table parts attach partition parts_3 for values in (3);
	insert into parts values (3, event('attached root', 7200));
	insert into parts_3 (part, event) values (3, event('attached leaf', 7200));});
is(signals($node, 'attached'), 'attached leaf attached root', 'a partition that is attached after watch');

my $before = stored();
sql(q{
	update parts set part = 1 where event ->> 'eventName' = 'attached root';
	alter table parts detach partition parts_3;
	insert into parts_3 (part, event) values (3, event('detached', 7200));});
is(signals($node, 'detached'), '', 'a detached partition is not watched any more');
is(stored(), $before, 'a row that moves to another partition brings nothing new');

# A partition that was watched by itself before it is attached, or before its parent is: shown to the rules once.
sql(q{
	create table own_1 (event jsonb, part int);
	create table own_2 (part int, event jsonb);
	create table owners (part int, event jsonb) partition by list (part);
	select newterm.watch('own_1'), newterm.watch('own_2');
	alter table owners attach partition own_1 for values in (1);
	select newterm.watch('owners');
	alter table owners attach partition own_2 for values in (2);
	insert into owners values (1, event('own root', 7200)), (2, event('own late root', 7200)), (1, '12'), (2, '13');
	insert into own_1 values (event('own leaf', 7200), 1);});
is(signals($node, 'own'), 'own late root own leaf own root', 'partitions that are watched by themselves');
is(sql("select count(*) from newterm.event_errors where source in ('public.own_1', 'public.own_2')"), 2,
	'are recorded once where they cannot be evaluated');
sql('truncate newterm.event_errors');
is(sql("select events from newterm.watched where events::text like 'own%' order by 1"), "own_1\nown_2\nowners", 'and are listed');
like(refusal("select newterm.watch('parts_1')"), qr/parts_1 is watched already, as a partition of .*parts/, 'a partition that is watched with its parent');
like(refusal("select newterm.unwatch('parts_1')"), qr/parts_1 is watched as a partition of .*parts\b.*HINT/s, 'and cannot be unwatched alone');
sql(q{
	select newterm.unwatch('owners');
	insert into owners values (1, event('own still', 7200));
	alter table owners detach partition own_2;
	insert into own_2 values (2, event('own detached', 7200));});
is(signals($node, 'own'), 'own detached own late root own leaf own root own still', 'their own watch stays');
sql(q{drop table owners, own_2});

# Foreign partitions: what cannot be read again comes with the signal all the same, through a file too.
my $port = $node->port;
my $host = $node->host;
sql(qq{
	create extension postgres_fdw;
	create server far_away foreign data wrapper postgres_fdw options (host '$host', port '$port', dbname 'postgres');
	create user mapping for current_user server far_away options (user '} . sql('select current_user') . qq{');
	create table stored_far (part int, event jsonb);
	create foreign table parts_far partition of parts for values in (9) server far_away options (table_name 'stored_far');
	insert into parts values (9, event('far root', 7200)), (9, '"far off"');
	insert into parts_far values (9, event('far leaf', 7200));
	copy parts from stdin;
9\t{"eventName": "far copy", "eventID": "far copy", "eventTime": "2024-03-01T02:00:00Z"}
\\.
	set newterm.merge_memory = '64kB';
	insert into parts select 9, event('far many ' || n, 7200) from generate_series(1, 2000) n;});
is(signals($node, 'far root') . signals($node, 'far leaf') . signals($node, 'far copy'), 'far rootfar leaffar copy', 'a foreign partition');
is(sql("select count(*), count(*) filter (where event->>'eventName' = term->>'eventName'), count(event_id)
	from newterm.signals where term->>'eventName' like 'far %'"), '2003|2003|2003', 'with the events');
is(sql("select source, cause from newterm.event_errors"), 'public.parts_far|not_an_object', 'and what cannot be evaluated is recorded');
sql('truncate newterm.event_errors; delete from parts_far');

# ---- statements ----

sql(q{
	create table keyed (id int primary key, event jsonb);
	select newterm.watch('keyed');
	insert into keyed select n, event('select ' || n, 7200) from generate_series(1, 2) n;
	merge into keyed k using (values (1, event('merge updated', 7200)), (3, event('merge inserted', 7200))) as s(id, event)
		on k.id = s.id when matched then update set event = s.event when not matched then insert values (s.id, s.event);
	insert into keyed values (1, event('nothing', 7200)), (4, event('nothing inserted', 7200)) on conflict do nothing;
	insert into keyed values (1, event('conflict', 7200)), (5, event('conflict inserted', 7200))
		on conflict (id) do update set event = excluded.event;
	with moved as (insert into keyed values (6, event('cte', 7200)) returning event)
		insert into events (event) select jsonb_set(event, '{eventName}', '"cte copy"') from moved;
	do $$ begin
		insert into keyed values (7, event('block undone', 7200));
		raise 'no';
	exception when raise_exception then
		insert into keyed values (7, event('block', 7200));
	end $$;});
is(signals($node, 'select'), 'select 1 select 2', 'INSERT … SELECT');
is(signals($node, 'merge'), 'merge inserted', 'MERGE: what it inserts, not what it updates');
is(signals($node, 'nothing'), 'nothing inserted', 'ON CONFLICT DO NOTHING: what it inserts');
is(signals($node, 'conflict'), 'conflict inserted', 'ON CONFLICT DO UPDATE: what it inserts, not what it updates');
is(signals($node, 'cte'), 'cte cte copy', 'a writable CTE');
is(signals($node, 'block'), 'block', 'PL/pgSQL blocks: what was not undone');

my $file = PostgreSQL::Test::Utils::tempdir() . '/events.ndjson';
append_to_file($file, sql("select event('copy', 7200) union all select event('copy too', 7200)") . "\n");
sql(qq{
	create table frozen (event jsonb);
	select newterm.watch('frozen');
	begin;
	truncate frozen;
	copy frozen from '$file' with (freeze, format csv, quote e'\\x01', delimiter e'\\x02');
	commit;});
is(signals($node, 'copy'), 'copy copy too', 'COPY FREEZE');

append_to_file($file, sql("select event('broken', 7200)") . "\n{\n");
like(refusal("copy frozen from '$file' with (format csv, quote e'\\x01', delimiter e'\\x02')"),
	qr/invalid input syntax/, 'a COPY that ends in an error');
is(signals($node, 'broken'), '', 'leaves nothing behind');
sql("insert into events (event) values (event('broken', 7200))");
is(signals($node, 'broken'), 'broken', 'so that what it showed is news again');

# ---- what cannot be watched ----

sql(qq{
	create extension file_fdw;
	create server files foreign data wrapper file_fdw;
	create foreign table far (event jsonb) server files options (filename '$file');
	create view seen as select * from events;
	create materialized view kept as select * from events;});
like(refusal("select newterm.watch('far')"), qr/far cannot be watched: it is a foreign table.*HINT/s, 'a foreign table is refused');
like(refusal("select newterm.watch('seen')"), qr/seen cannot be watched: it is a view.*HINT/s, 'a view is refused');
like(refusal("select newterm.watch('kept')"), qr/kept cannot be watched: it is a materialized view.*HINT/s, 'a materialized view is refused');
sql(q{drop view seen; drop materialized view kept});

# ---- tables that change ----

sql(q{
	create table changing (a int, event jsonb, b int, note text);
	select newterm.watch('changing', 'event');
	alter table changing add column other jsonb default '{"eventName": "wrong"}';
	alter table changing drop column a;
	insert into changing (event) values (event('changed columns', 7200));
	alter table changing rename column event to record;
	alter table changing rename to renamed;
	insert into renamed (record) values (event('changed names', 7200));});
is(signals($node, 'changed'), 'changed columns changed names', 'columns are added, dropped and renamed');
is(sql("select event_column from newterm.watched where events = 'renamed'::regclass"), 'record', 'and newterm.watched knows');
like(refusal("alter table renamed drop column record"), qr/cannot drop column record.*newterm_observe/s, 'the event column cannot be dropped');
sql("alter table renamed drop column record cascade; insert into renamed (other) values (event('uncolumned', 7200));");
is(signals($node, 'uncolumned'), '', 'with CASCADE, watching ends');

$before = stored();
sql(q{
	update keyed set event = event('updated', 9000);
	delete from keyed where id > 3;
	truncate parts;
	drop table frozen, keyed;});
is(stored(), $before, 'UPDATE, DELETE, TRUNCATE and DROP TABLE leave everything as it was');
sql("insert into parts values (1, event('part root', 7300))");
is(signals($node, 'part root'), 'part root', 'and what is known stays known');

# ---- who inserts ----

sql(q{
	create table always (event jsonb);
	select newterm.watch('always', fires => 'always');
	set session_replication_role = replica;
	insert into events (event) values (event('replica origin', 7200));
	insert into always (event) values (event('replica always', 7200));
	reset session_replication_role;
	insert into always (event) values (event('replica none', 7200));
	delete from events where event ->> 'eventName' = 'replica origin';});
is(signals($node, 'replica'), 'replica always replica none', 'session_replication_role, as fires says');

sql(q{
	create role loader login;
	grant insert on events to loader;});
sql(q{
	set role loader;
	insert into public.events (event) select jsonb_build_object('eventName', 'loader', 'eventID', '1', 'eventTime', '2024-03-01T02:00:00Z');});
is(signals($node, 'loader'), 'loader', 'a role that may insert and nothing else');
foreach my $table (qw(signals runs rules postponed event_errors))
{
	like(refusal("set role loader; select * from newterm.$table"), qr/permission denied/, "may not read newterm.$table");
}

like(refusal('set role loader; create temp table own (event jsonb); select newterm.watch(\'own\')'), qr/you have no right to watch tables/,
	'nor watch a table of its own: that would teach the rules');
like(refusal('set role loader; create temp table own (event jsonb);
	create trigger own after insert on own for each row execute function newterm.merge()'), qr/permission denied for function (newterm\.)?merge/,
	'nor make the trigger by hand');
sql('grant execute on function newterm.merge() to loader');
is(refusal('set role loader; create temp table own (event jsonb); select newterm.watch(\'own\')'), 'nothing', 'unless it is granted');
sql('revoke execute on function newterm.merge() from loader');

# ---- triggers on newterm.signals ----

sql(q{
	create table told (how text, name text, who text);
	create function tell() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$ begin
		insert into told values (tg_argv[0], new.term ->> 'eventName', current_user);
		if new.term ->> 'eventName' = 'tell events' then
			insert into events (event) values (event('tell again', 7200));
		end if;
		return null;
	end $$;
	create trigger tell_now after insert on newterm.signals for each row execute function tell('now');
	create constraint trigger tell_later after insert on newterm.signals deferrable initially deferred
		for each row execute function tell('later');});
is(refusal(q{
	set role loader;
	insert into events (event) select jsonb_build_object('eventName', 'tell loader', 'eventID', '1', 'eventTime', '2024-03-01T02:00:00Z');}),
	'nothing', 'a load goes through where triggers on signals write what the loader may not');
my $owner = sql("select proowner::regrole from pg_proc where proname = 'tell' and pronamespace = 'public'::regnamespace");
is(sql("select how, name, who from told order by how"), "later|tell loader|$owner\nnow|tell loader|$owner",
	'triggers on signals, ordinary and deferred, fire, and may lend their owner\'s rights');
is(signals($node, 'tell'), 'tell loader', 'and the signal is there');
is(refusal("insert into events (event) values (event('tell events', 7200))"), 'nothing', 'and where they insert events');
is(signals($node, 'tell'), 'tell again tell events tell loader', 'a trigger on signals may insert into a watched table');
is(sql("select string_agg(name, ', ' order by name) from told where how = 'later'"), 'tell again, tell events, tell loader',
	'deferred triggers fire for what comes of it too');
sql("drop trigger tell_now on newterm.signals; drop trigger tell_later on newterm.signals");

foreach my $kind ('trigger', 'constraint trigger')
{
	my $later = $kind eq 'trigger' ? '' : 'deferrable initially deferred';
	my $name = "refused by a $kind";
	sql(qq{
		create or replace function refuse() returns trigger language plpgsql as \$\$ begin raise 'not this one'; end \$\$;
		create $kind refuse after insert on newterm.signals $later for each row execute function refuse();});
	my ($status, $out, $error) = $node->psql('postgres', "insert into events (event) values (event('$name', 7200))");
	is($status, 0, "a $kind on signals that fails does not make the insert fail");
	like($error, qr/WARNING.*not this one/, 'but is warned of');
	is(sql("select count(*) from events where event ->> 'eventName' = '$name'"), 1, 'the event is stored');
	like(sql("select cause, detail from newterm.event_errors where event_id = '$name at 7200'"),
		qr/^internal_error\|.*not this one/, 'and recorded');
	sql("drop trigger refuse on newterm.signals; truncate newterm.event_errors");
}

# ---- a person at work on a signal ----

sql("insert into events (event) values (event('triage', 8000))");
my $person = $node->background_psql('postgres', on_error_stop => 0);
$person->query_safe("begin; update newterm.signals set status = 'under_review' where term ->> 'eventName' = 'triage'");
sql("set statement_timeout = '5s'; insert into events (event) values (event('triage', 7900)), (event('while triage', 7900))");
is(signals($node, 'while'), 'while triage', 'a load that amends a signal does not wait for the person who has it');
$person->query_safe('commit');
$person->quit;
sql('select newterm.merge_postponed()');
is(sql("select status, first_seen from newterm.signals where term ->> 'eventName' = 'triage'"),
	'under_review|2024-03-01 02:11:40+00', 'and both changes are kept');

# ---- the extension goes and comes back ----

my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe("insert into events (event) values (event('first life', 7200))");
$session->query_safe(q{
	set client_min_messages = warning;
	begin;
	insert into events (event) values (event('no life', 7200));
	drop extension newterm cascade;
	insert into events (event) values (event('no life either', 7200));
	commit;
	insert into events (event) values (event('still none', 7200));
	create extension newterm;
	select newterm.watch('events');
	select newterm.create_rule('names', '{eventName}', learning => '1 hour', learning_from => '2024-03-01');
	insert into events (event) values (event('first life', 7200)), (event('second life', 7200));});
is(signals($node, ''), 'first life second life', 'dropped and created again in a session that has it loaded');
$session->query_safe(q{begin; drop extension newterm cascade; rollback; insert into events (event) values (event('third life', 7200))});
is(signals($node, ''), 'first life second life third life', 'a drop that is rolled back');
$session->quit;
is(sql('select count(*) from newterm.event_errors'), 0, 'no errors');

$node->stop;
done_testing();
