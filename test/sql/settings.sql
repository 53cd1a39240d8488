-- Settings: names, defaults, what is refused.
\set SHOW_CONTEXT never
create extension newterm;
select newterm.test_filter('', '{}');
select name, setting, unit, vartype from pg_settings where name like 'newterm.%' order by name;
set newterm.no_such_setting = 1;
set newterm.on_error = 'ignore';
set newterm.cache_size = 1;
