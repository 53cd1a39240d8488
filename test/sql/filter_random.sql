--
-- Random filters, written as text, read and evaluated by the extension and by plain SQL.
--
-- test/t/040_filter_random.pl does the same with as many filters as one likes.
--
create extension if not exists newterm;
set timezone to 'UTC';

\getenv inputdir PG_ABS_SRCDIR
\set trees :inputdir '/lib/predicate_trees.sql'

\set ECHO none
\i :trees
\set ECHO all

\set seed 0.2024
select setseed(:seed);
call trees.compare(2000) \gset
select :evaluations as evaluations, :matching between 0.2 * :evaluations and 0.8 * :evaluations as mixed;
select filter, event, ours, theirs from trees.differences limit 5;
select count(*) as differences from trees.differences;
