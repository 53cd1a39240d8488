-- create_log_table: a table for those who have none, parted by time; maintaining it.
\set SHOW_CONTEXT never
set client_min_messages = warning;
create extension newterm;
set timezone = 'Pacific/Auckland';
set datestyle = 'ISO';
select newterm.create_log_table('cloudtrail');
select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity from pg_attribute a where a.attrelid = 'cloudtrail'::regclass and a.attnum > 0 order by a.attnum;
select indexdef from pg_indexes where tablename = 'cloudtrail' order by 1;
select events, event_column, time_column, shape from newterm.watched;
-- the month before, this one and three more, and the rest
create function parts(t regclass) returns table (part text, bounds text) language sql as $$
	select replace(c.relname, to_char(now() at time zone 'UTC', 'YYYY_MM'), 'THIS MONTH'), pg_get_expr(c.relpartbound, c.oid) from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = t order by c.relname $$;
select count(*), count(*) filter (where part = 'cloudtrail_THIS MONTH'), count(*) filter (where part = 'cloudtrail_default') from parts('cloudtrail');
select (to_char(date_trunc('month', now() at time zone 'UTC') at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SSOF')) = substring(bounds from 'FROM \(''(.*?)''') as utc from parts('cloudtrail') where part = 'cloudtrail_THIS MONTH';
-- loaded by load_log, the record's time goes to the column that it is parted by; inserted without a time, the row lies where it comes
select newterm.create_rule('r', '{eventName}', learning => '0', learning_from => '2020-01-01');
select newterm.load_log('{"Records":[{"eventName":"A","eventTime":"2024-02-03T04:05:06Z"},{"eventName":"B","eventTime":"2024-02-29T23:59:59Z"},{"eventName":"C","eventTime":"2024-03-01T00:00:00Z"}]}', 'cloudtrail');
insert into cloudtrail (event) values ('{"eventName":"D","eventTime":"2024-03-02T00:00:00Z"}');
select tableoid::regclass::text ~ 'default' as in_default, event_time at time zone 'UTC' from cloudtrail where event->>'eventName' <> 'D' order by id;
select tableoid::regclass = ('cloudtrail_' || to_char(now() at time zone 'UTC', 'YYYY_MM'))::regclass, event_time > now() - interval '5 minutes' from cloudtrail where event->>'eventName' = 'D';
select term, first_seen at time zone 'UTC' from newterm.detections order by first_seen;
-- partitions for what is in the default one; rows that move are not shown again
select * from newterm.maintain_log_table('cloudtrail');
select tableoid::regclass, id, event_time at time zone 'UTC' from cloudtrail where event->>'eventName' <> 'D' order by id;
select count(*) from newterm.detections;
select * from newterm.maintain_log_table('cloudtrail');
-- they are watched like the others
insert into cloudtrail_2024_02 (id, event_time, event) overriding system value values (100, '2024-02-01 00:00:00+00', '{"eventName":"E","eventTime":"2024-02-01T00:00:00Z"}');
select count(*) from newterm.detections;
select * from newterm.check();
-- retention
select partition, action from newterm.maintain_log_table('cloudtrail', ahead => 0, keep => now() - timestamptz '2024-03-15');
select partition, action from newterm.maintain_log_table('cloudtrail', keep => '1 year');
select event->>'eventName' from cloudtrail;
select term->>'eventName' from newterm.baseline order by 1;
select count(*) from parts('cloudtrail');
-- a partition without an end is not over, whoever made it
create table open_end (like cloudtrail);
alter table cloudtrail attach partition open_end for values from ('2200-01-01') to (maxvalue);
select count(*) from newterm.maintain_log_table('cloudtrail', keep => '0') where partition = 'open_end';
select count(*) from parts('cloudtrail') where part = 'open_end';
select partition, action from newterm.maintain_log_table('cloudtrail', keep => '-1 year');

-- other periods, names and schemas
create schema "Logs";
select newterm.create_log_table('"Logs"."My trail"', 'day'), newterm.create_log_table('"Logs".weeks', partition_by => 'week'), newterm.create_log_table('years', 'year');
select count(*) from parts('"Logs"."My trail"') where part ~ '^My trail_\d{4}_\d\d_\d\d$|THIS';
select bool_and(extract(isodow from (substring(bounds from 'FROM \(''(.*?)'''))::timestamptz at time zone 'UTC') = 1) from parts('"Logs".weeks') where part <> 'weeks_default';
select count(*) from parts('years') where part ~ '^years_\d{4}$';
set search_path = "Logs", public;
select newterm.create_log_table('here')::text;
select newterm.create_log_table('here');
reset search_path;
select newterm.create_log_table('a.b.c');
select newterm.create_log_table('nowhere.x');
select newterm.create_log_table(repeat('x', 51));
select newterm.create_log_table('x', 'hour');
select newterm.create_log_table('x', null), newterm.create_log_table(null);
select newterm.create_log_table('x; drop table cloudtrail');
select * from newterm.maintain_log_table('pg_class');
select * from newterm.maintain_log_table('cloudtrail', null);
-- parted by another program: watched, and left alone
select newterm.create_log_table('unparted', 'none');
create table unparted_all partition of unparted default;
select newterm.load_log('{"Records":[{"eventName":"Z","eventTime":"2024-02-03T04:05:06Z"}]}', 'unparted');
select event_time at time zone 'UTC', event ->> 'eventName' from unparted_all;
select count(*) from newterm.detections where term ->> 'eventName' = 'Z';
select newterm.maintain_log_table('unparted');
create role log_table_loader;
set role log_table_loader;
select newterm.create_log_table('theirs');
reset role;
drop role log_table_loader;
