-- A publication may have all tables of newterm: what is updated or deleted there must be told by the rows themselves.
set client_min_messages = error;
create extension newterm;
select relname from pg_class c
where relnamespace = 'newterm'::regnamespace and relkind in ('r', 'p') and relpersistence = 'p'
	and relreplident <> 'f'
	and not (relreplident = 'd' and exists (select from pg_index i where indrelid = c.oid and indisprimary and indisvalid and indimmediate))
	and not (relreplident = 'i' and exists (select from pg_index i where indrelid = c.oid and indisreplident and indisvalid))
order by 1;
-- and PostgreSQL agrees
create publication everything for all tables;
delete from newterm.runs;
update newterm.learned_values set term = term;
delete from newterm.postponed;
delete from newterm.postponed_changes;
drop publication everything;
