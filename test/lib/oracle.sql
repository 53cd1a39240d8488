--
-- The oracle: what newterm must have found, computed with plain set-based SQL.
--
-- Written from the description of what newterm promises and from nothing else: it knows no digest,
-- no cache, no order of arrival and no merge.  It takes all stored events at once and says which
-- runs there are and which of them are detections.  Tests load events in whatever way they like and
-- then ask oracle.differences() whether the live state is the one that follows from the events.
--
-- A test
--   1. reads this file (it creates the schema "oracle"),
--   2. replaces the view oracle.events by one over its watched table,
--   3. describes each rule in oracle.rules, with the filter as an SQL expression over "e",
--   4. selects from oracle.differences('rule').  No rows: the state is right.
--
-- The planner cannot guess how far paths fan out; its guess is so high that it would compile every query,
-- which takes longer than the queries.  Hence "jit = off".
--
-- An entity's clock is its earliest sighting.  What is a stored fact and not a consequence of the events, the
-- rule's clock, is read from newterm.clocks; oracle.clock_differences() checks it where the test knows who came
-- first.
--
create schema oracle;

create table oracle.rules (
    rule              text primary key,
    fields            text[] not null,
    group_by          text[] not null default '{}',
    filter            text not null default 'true',     -- SQL over e (jsonb)
    learning          interval not null default '7 days',
    learning_values   int,
    learning_scope    text not null default 'rule',
    learning_from     timestamptz,                      -- where the rule was given one
    forget_after      interval default '90 days',
    granule           interval not null default '1 hour',
    optional_group_by boolean not null default false,
    mode              text not null default 'alert'
);

create view oracle.events as
select null::bigint      as id,         -- any number that is unique
       null::jsonb       as event,      -- the record
       null::timestamptz as at,         -- the event's time, see oracle.event_time(); null where it is not usable
       null::xid8        as txn         -- the transaction that stored it, for the clocks; may be null
 where false;

-- The keys of a path: a.b."c.d" is {a,b,c.d}.
create function oracle.path(path text) returns text[]
language sql immutable strict
begin atomic
    select array_agg(coalesce(m[1], m[2]) order by ordinality)
      from regexp_matches(path, '"([^"]*)"|([^."]+)', 'g') with ordinality as r(m, ordinality);
end;

-- Microseconds of an interval; the tests use intervals without months.
create function oracle.microseconds(i interval) returns numeric
language sql immutable strict
begin atomic
    select extract(epoch from i) * 1000000;
end;

-- The time that a record names: its eventTime, or where it has none the start of its timeWindow.  A time
-- without a zone is UTC, as all of CloudTrail's; digits beyond microseconds do not count.
create function oracle.written_time(event jsonb) returns timestamptz
language plpgsql stable as $$
declare
    given jsonb := coalesce(nullif(event -> 'eventTime', 'null'), event #> '{timeWindow,windowStart}');
    part  text[];
begin
    if jsonb_typeof(given) <> 'string' then
        return null;
    end if;
    part := regexp_match(given #>> '{}',
                         '^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*(Z|[+-]\d\d:?\d\d)?$');
    -- cast here, where what is no time is caught
    return (part[1] || ' ' || part[2] || coalesce(part[3], 'Z'))::timestamptz;
exception when invalid_datetime_format or datetime_field_overflow then
    return null;
end
$$;

-- Why an event is not evaluated that names this time and was loaded at that one; null where it is.
create function oracle.refused(at timestamptz, loaded_at timestamptz) returns text
language sql stable
begin atomic
    select case when at is null then 'no_event_time'
                when at < (coalesce(current_setting('newterm.earliest_event_time', true), '2013-11-01') || ' UTC')::timestamptz
                    then 'past_event_time'
                when at > loaded_at + interval '24 hours' then 'future_event_time' end;
end;

-- When an event happened; null where its time is not usable, so that it does not count.
create function oracle.event_time(event jsonb, loaded_at timestamptz) returns timestamptz
language sql stable
begin atomic
    select w.at from oracle.written_time(event) as w(at) where oracle.refused(w.at, loaded_at) is null;
end;

-- Every value that a path reaches, for filters: arrays fan out, null and nothing give no value.
create function oracle.reach(event jsonb, path text) returns setof jsonb
language sql immutable
begin atomic
    with recursive walk(node, keys) as (
        select event, oracle.path(path)
        union all
        select next.node, next.keys
          from walk w cross join lateral (
              select element, w.keys
                from jsonb_array_elements(case when jsonb_typeof(w.node) = 'array' then w.node end) as a(element)
              union all
              select w.node -> w.keys[1], w.keys[2:]
               where jsonb_typeof(w.node) = 'object' and w.node ? w.keys[1]
          ) as next(node, keys)
    )
    select node from walk
     where cardinality(keys) = 0 and jsonb_typeof(node) not in ('array', 'null');
end;

--
-- All sightings of a rule: which entity shows which term at what time, and in which event.
--
-- A tuple takes one value of each field.  A value remembers its choices: which element of which array
-- it was taken from.  Values may stand in one tuple where their choices agree, that is where joining
-- them gives the same whichever comes first: fields with a common array ancestor pair up, fields
-- without one are crossed.
--
-- With optional_group_by a group may stay null, but only in a tuple that no value of it fits into.
--
create function oracle.sightings(rule text)
returns table (entity jsonb, term jsonb, at timestamptz, event_id text, txn xid8)
language plpgsql stable set jit = off as $$
declare
    r oracle.rules;
begin
    select * into strict r from oracle.rules o where o.rule = sightings.rule;
    return query execute format($query$
        with recursive
        passed as materialized (
            select o.id, o.event as e, o.at, o.txn from oracle.events o
             where o.at is not null and (select %s from (select o.event as e) as one)
        ),
        field as materialized (
            select row_number() over (order by grouping, ordinality) as no, grouping, name, oracle.path(name) as keys
              from (select false as grouping, name, ordinality from unnest($1) with ordinality as f(name, ordinality)
                    union all
                    select true, name, ordinality from unnest($2) with ordinality as g(name, ordinality)) as both_kinds
        ),
        walk(id, no, keys, node, address, choice) as (
            select p.id, f.no, f.keys, p.e, '{}'::text[], '{}'::jsonb
              from passed p cross join field f
            union all
            select w.id, w.no, next.keys, next.node, w.address || next.step, next.choice
              from walk w cross join lateral (
                  -- through an array: each element, the path stays
                  select w.keys, element, ordinality::text,
                         w.choice || jsonb_build_object(w.address::text, ordinality)
                    from jsonb_array_elements(case when jsonb_typeof(w.node) = 'array' then w.node end)
                         with ordinality as a(element, ordinality)
                  union all
                  -- through an object: the next key, if it is there
                  select w.keys[2:], w.node -> w.keys[1], w.keys[1], w.choice
                   where jsonb_typeof(w.node) = 'object' and w.node ? w.keys[1]
              ) as next(keys, node, step, choice)
        ),
        value as materialized (
            select id, no, node, choice, false as absent from walk
             where cardinality(keys) = 0 and jsonb_typeof(node) not in ('array', 'null')
            union all
            select p.id, f.no, 'null', '{}', true from passed p cross join field f where $3 and f.grouping
        ),
        tuple(id, no, term, entity, choice, absent) as (
            select id, 0::bigint, '{}'::jsonb, '{}'::jsonb, '{}'::jsonb, '{}'::bigint[] from passed
            union all
            select t.id, f.no,
                   case when f.grouping then t.term else t.term || jsonb_build_object(f.name, v.node) end,
                   case when f.grouping then t.entity || jsonb_build_object(f.name, v.node) else t.entity end,
                   t.choice || v.choice,
                   case when v.absent then t.absent || f.no else t.absent end
              from tuple t
              join field f on f.no = t.no + 1
              join value v on v.id = t.id and v.no = f.no and t.choice || v.choice = v.choice || t.choice
        )
        select distinct t.entity, t.term, p.at, coalesce(p.e ->> 'sharedEventID', p.e ->> 'eventID'), p.txn
          from tuple t join passed p on p.id = t.id
         where t.no = (select max(no) from field)
           and not exists (select from value v
                            where v.id = t.id and v.no = any (t.absent) and not v.absent
                              and t.choice || v.choice = v.choice || t.choice)
        $query$, r.filter)
        using r.fields, r.group_by, r.optional_group_by;
end
$$;

--
-- The runs that follow from the sightings, and whether each is learned.  A run that is not learned is
-- a detection.
--
-- Sightings belong to one run while the gap between the granules of neighbours is at most forget_after.
-- A run is learned where it starts before the end of the learning window of its rule or entity; with
-- learning_values where it is the first run of one of the first n terms of its scope.
--
create function oracle.runs(rule text)
returns table (entity jsonb, term jsonb, first_seen timestamptz, last_seen timestamptz, learned boolean,
               event_ids text[])
language sql stable set jit = off as $$
    with
    r as (
        select o.*, oracle.microseconds(o.granule) as step, oracle.microseconds(o.forget_after) as patience
          from oracle.rules o where o.rule = runs.rule
    ),
    sighting as (
        select s.entity, s.term, s.at, floor(extract(epoch from s.at) * 1000000 / r.step) as granule,
               array_agg(distinct s.event_id) as event_ids
          from r, oracle.sightings(r.rule) s
         group by 1, 2, 3, 4
    ),
    chained as (
        select s.*, (s.granule - lag(s.granule) over chain) * r.step > r.patience as forgotten
          from r, sighting s
        window chain as (partition by s.entity, s.term order by s.at)
    ),
    numbered as (
        select c.*, count(*) filter (where c.forgotten) over chain as run
          from chained c
        window chain as (partition by c.entity, c.term order by c.at)
    ),
    run as (
        select n.entity, n.term, n.run, min(n.at) as first_seen,
               timestamptz 'epoch' + (max(n.granule) * r.step)::float8 * interval '1 microsecond' as last_granule,
               (array_agg(to_jsonb(n.event_ids) order by n.at))[1] as event_ids
          from r, numbered n
         group by n.entity, n.term, n.run, r.step
    ),
    -- the place of each entity and term among those of its scope: by first sighting, term, entity
    placed as (
        select f.entity, f.term,
               row_number() over (partition by case r.learning_scope when 'entity' then f.entity end
                                  order by f.first_seen, f.term, f.entity) as place
          from r, run f
         where f.run = 0
    ),
    clock as (
        select s.entity, min(s.at) as learning_from
          from r, sighting s
         where r.learning_scope = 'entity'
         group by s.entity
        union all
        select null, c.learning_from
          from r join newterm.clocks c on c.rule::text = r.rule and c.entity is null
         where r.learning_scope = 'rule'
    )
    select run.entity, run.term, run.first_seen, greatest(run.first_seen, run.last_granule),
           case when r.learning_values is null then run.first_seen < clock.learning_from + r.learning
                else run.run = 0 and placed.place <= r.learning_values end,
           array(select jsonb_array_elements_text(run.event_ids))
      from r cross join run
      join placed on placed.entity = run.entity and placed.term = run.term
      left join clock on clock.entity is null or clock.entity = run.entity
$$;

-- The clocks of the entities, for a rule with learning_scope entity: their earliest sightings.
create function oracle.entity_clocks(rule text)
returns table (entity jsonb, learning_from timestamptz)
language sql stable
begin atomic
    select s.entity, min(s.at)
      from oracle.rules o, oracle.sightings(entity_clocks.rule) s
     where o.rule = entity_clocks.rule and o.learning_scope = 'entity'
     group by s.entity;
end;

-- The two answers of the oracle, in the columns of newterm's views.
create function oracle.baseline(rule text)
returns table (entity jsonb, term jsonb, first_seen timestamptz, last_seen timestamptz, learned boolean)
language sql stable
begin atomic
    select r.entity, r.term, r.first_seen, r.last_seen, r.learned from oracle.runs(rule) r;
end;

create function oracle.detections(rule text)
returns table (entity jsonb, term jsonb, first_seen timestamptz)
language sql stable
begin atomic
    select r.entity, r.term, r.first_seen from oracle.runs(rule) r where r.learned is not true;
end;

--
-- Every difference between the live state of a rule and what the oracle says.  For rules whose signals
-- are not merged (keep_alive 0), where each detection has one signal of its own.
--
create function oracle.differences(rule text)
returns table (kind text, entity jsonb, term jsonb, detail jsonb)
language sql stable set jit = off as $$
    with
    run as materialized (
        select * from oracle.runs(differences.rule)
    ),
    baseline as materialized (
        select b.entity, b.term, b.first_seen, b.last_seen, b.learned
          from newterm.baseline b where b.rule::text = differences.rule
    ),
    detection as materialized (
        select d.id, d.entity, d.term, d.first_seen, d.event_id, d.status, d.origin, d.signal_id
          from newterm.detections d where d.rule::text = differences.rule
    ),
    signal as materialized (
        select s.id, s.entity, s.term, s.terms, s.detections, s.first_seen, s.event_id, s.retracted_at
          from newterm.signals s where s.rule::text = differences.rule
    ),
    -- "all": a row that is there twice is a difference too
    missing_run as (
        select entity, term, first_seen, last_seen, learned from run
        except all
        select * from baseline
    ),
    surplus_run as (
        select * from baseline
        except all
        select entity, term, first_seen, last_seen, learned from run
    ),
    missing_detection as (
        select entity, term, first_seen from run where learned is not true
        except all
        select entity, term, first_seen from detection where status = 'live'
    ),
    surplus_detection as (
        select entity, term, first_seen from detection where status = 'live'
        except all
        select entity, term, first_seen from run where learned is not true
    ),
    expected_clock as (
        select e.entity, e.learning_from,
               case when o.learning_values is null then e.learning_from + o.learning end as learning_until
          from oracle.rules o, oracle.entity_clocks(o.rule) e where o.rule = differences.rule
    ),
    actual_clock as (
        select c.entity, c.learning_from, c.learning_until
          from newterm.clocks c where c.rule::text = differences.rule and c.entity is not null
    )
    select 'baseline lacks' as kind, entity, term, to_jsonb(x) - '{entity,term}'::text[] as detail from missing_run x
    union all
    select 'baseline has', entity, term, to_jsonb(x) - '{entity,term}'::text[] from surplus_run x
    union all
    select 'detection lacks', entity, term, to_jsonb(x) - '{entity,term}'::text[] from missing_detection x
    union all
    select 'detection has', entity, term, to_jsonb(x) - '{entity,term}'::text[] from surplus_detection x
    union all
    select 'clock lacks', x.entity, null, to_jsonb(x)
      from (select * from expected_clock except all select * from actual_clock) x
    union all
    select 'clock has', x.entity, null, to_jsonb(x)
      from (select * from actual_clock except all select * from expected_clock) x
    union all
    select 'detection neither live nor retracted', entity, term, to_jsonb(d)
      from detection d where status not in ('live', 'retracted')
    union all
    -- an event that the detection names must be one that shows the term when the run starts
    select 'detection names an event that is not at the start of its run', d.entity, d.term, to_jsonb(d)
      from detection d join run r on r.entity = d.entity and r.term = d.term and r.first_seen = d.first_seen
     where d.status = 'live' and d.event_id is not null and d.event_id <> all (r.event_ids)
    union all
    select 'detection without its signal', d.entity, d.term, to_jsonb(d)
      from detection d join oracle.rules o on o.rule = differences.rule and o.mode = 'alert'
     where not exists (select from signal s where s.id = d.signal_id)
    union all
    select 'detection of mode observe with a signal', d.entity, d.term, to_jsonb(d)
      from detection d join oracle.rules o on o.rule = differences.rule and o.mode = 'observe'
     where d.signal_id is not null
    union all
    select 'detections share a signal', null, null, jsonb_build_object('signal', d.signal_id, 'detections', count(*))
      from detection d
     where d.signal_id is not null
     group by d.signal_id having count(*) > 1
    union all
    select 'signal without its detection', s.entity, s.term, to_jsonb(s)
      from signal s
     where not exists (select from detection d where d.signal_id = s.id)
    union all
    select 'signal tells something else than its detection', d.entity, d.term,
           jsonb_build_object('detection', to_jsonb(d), 'signal', to_jsonb(s))
      from detection d join signal s on s.id = d.signal_id
     where s.entity <> d.entity or s.term <> d.term or s.first_seen <> d.first_seen
        or (s.retracted_at is null) <> (d.status = 'live')
        or s.detections <> 1 or s.terms <> jsonb_build_array(s.term)
        or s.event_id is distinct from d.event_id
$$;

--
-- Whether the stored clock of the rule is that of the first transaction: if the rule was not given one, the
-- earliest event time in the first transaction that brought any event.  "first" is the order in which the
-- transactions committed.
--
create function oracle.clock_differences(rule text, committed xid8[])
returns table (kind text, expected timestamptz, actual timestamptz)
language sql stable set jit = off as $$
    with
    r as (
        select * from oracle.rules o where o.rule = clock_differences.rule
    ),
    expected as (
        select r.learning_from from r where r.learning_from is not null
        union all
        select min(e.at)
          from r, oracle.events e
         where r.learning_from is null
           and e.txn = (select o.txn from oracle.events o where o.at is not null
                         order by array_position(committed, o.txn) limit 1)
        having count(*) > 0
    ),
    actual as (
        select c.learning_from, c.learning_until
          from newterm.clocks c where c.rule::text = clock_differences.rule and c.entity is null
    )
    select 'clock', x.learning_from, a.learning_from
      from r, expected x full join actual a on true
     where r.learning_values is null and x.learning_from is distinct from a.learning_from
    union all
    select 'learning_until', a.learning_from + r.learning, a.learning_until
      from r cross join actual a
     where r.learning_values is null and r.learning_scope = 'rule'
       and a.learning_until is distinct from a.learning_from + r.learning
$$;
