--
-- predicate_trees.sql
--	  Random filters as trees, written as text, and a second opinion on what they match.
--
-- A tree is a jsonb object.  Leaves have "path" (an array of keys), may have "lower": true (for lower(path)) and are
-- of these kinds ("op"):
--
--   exists
--   equals     "value": text
--   wildcard   "parts": an array of texts, "*" and "?" given as {"any": "*"} and {"any": "?"}
--   range      "low" and "high": {"value": text, "inclusive": boolean} or null
--   cidr       "networks": an array of texts
--
-- Inner nodes are and, or (with "args") and not ("args" with one).  "group": true says that all leaves below are
-- about one field, and that the node is written a:(x OR y).
--
-- Nothing here is shared with the extension: paths are walked, patterns matched (by LIKE), numbers, times and
-- networks compared by PostgreSQL itself.
--
create schema trees;

-- An integer from 0 to below - 1.
create function trees.dice(below int) returns int
language sql volatile as $$ select least(floor(random() * below)::int, below - 1) $$;

create function trees.pick(choices text[]) returns text
language sql volatile as $$ select choices[1 + trees.dice(cardinality(choices))] $$;

-- Texts that literals, strings of events and patterns' parts are taken from: few, so that they meet, and with what
-- could be mistaken for syntax.
create function trees.some_text() returns text
language sql volatile as $$
    select case when trees.dice(3) > 0
        then trees.pick('{a,b,ab,ba,abab,A,Ab,5,5.0,-5,10,9,1e1,true,false,"null","",007}'::text[])
        else trees.pick(array['2024-01-05', '2024-01-05T10:00:00Z', '2024-01-05T12:00:00+02:00', '2024-01-05 10:00',
            '10.1.2.3', '10.9.9.9', '192.168.0.1', '2001:db8::1', '2001:db9::', 'AND', 'or', 'NOT', 'TO', 'a b', 'é', 'éa',
            'x:y', 'a*b', 'a?b', 'say "a"', 'back\slash', '(a)', '[a]', '{a}', 'a,b', '-a', '>5', '=a', '''a''', '&&', 'a||b',
            '100%', 'a_b', ' ', e'tab\tnl\n', '#', '@a', '$a', '!a', '日本', '*', '?'])
    end
$$;

create function trees.some_path() returns jsonb
language sql volatile as $$
    select trees.pick(array['["a"]', '["a"]', '["b"]', '["n", "a"]', '["n", "l", "b"]', '["l"]', '["l", "a"]', '["x y", "a.b"]',
        '["missing"]', '["AND"]', '["-k"]', '["é"]'])::jsonb
$$;

-- One value of an event.
create function trees.some_value(depth int) returns jsonb
language plpgsql volatile as $$
begin
    case trees.dice(case when depth > 0 then 12 else 9 end)
        when 0 then return to_jsonb(trees.pick('{5,-5,10,9,0,1,0.5}'::text[])::numeric);
        when 1 then return trees.pick('{5.0,1e1,100,12345678901234567890,-0.001}'::text[])::jsonb;
        when 2 then return to_jsonb(trees.dice(2) = 0);
        when 3 then return 'null';
        when 9 then return (select coalesce(jsonb_agg(trees.some_value(depth - 1)), '[]') from generate_series(1, trees.dice(4)));
        when 10 then return jsonb_build_object('a', trees.some_value(depth - 1), 'b', trees.some_value(depth - 1));
        when 11 then return (select jsonb_agg(jsonb_build_object('a', trees.some_value(0), 'b', trees.some_value(0)))
                             from generate_series(1, 2));
        else return to_jsonb(trees.some_text());
    end case;
end $$;

create function trees.some_event() returns jsonb
language sql volatile as $$
    select jsonb_build_object(
        'a', trees.some_value(2), 'b', trees.some_value(1), 'l', trees.some_value(2), 'AND', trees.some_value(0),
        '-k', trees.some_value(0), 'é', trees.some_value(0), 'n', jsonb_build_object('a', trees.some_value(1), 'l', trees.some_value(2)),
        'x y', jsonb_build_object('a.b', trees.some_value(1)))
        - case when trees.dice(2) = 0 then trees.pick('{a,b,n}') else '' end
$$;

create function trees.some_bound() returns jsonb
language sql volatile as $$
    select case when trees.dice(4) > 0
        then jsonb_build_object('value', trees.some_text(), 'inclusive', trees.dice(2) = 0) end
$$;

-- Parts of a pattern: at least one wildcard, which is not a lone "*" (that is existence).
create function trees.some_parts() returns jsonb
language plpgsql volatile as $$
declare
    parts jsonb := '[]';
begin
    for i in 1 .. 1 + trees.dice(4) loop
        parts := parts || case trees.dice(3)
            when 0 then to_jsonb(trees.some_text())
            when 1 then to_jsonb(trees.pick('{a,b,ab}'))
            else jsonb_build_object('any', trees.pick('{*,?}')) end;
    end loop;
    return parts || '{"any": "?"}' || case when trees.dice(2) = 0 then '[{"any": "*"}, "b"]'::jsonb else '{"any": "*"}' end;
end $$;

create function trees.some_leaf(field jsonb) returns jsonb
language plpgsql volatile as $$
begin
    return field || case trees.dice(8)
        when 0 then jsonb_build_object('op', 'exists')
        when 1 then jsonb_build_object('op', 'wildcard', 'parts', trees.some_parts())
        when 2 then jsonb_build_object('op', 'range', 'low', trees.some_bound(), 'high', trees.some_bound())
        when 3 then jsonb_build_object('op', 'range', 'low', trees.some_bound(), 'high', null)
        else jsonb_build_object('op', 'equals', 'value', trees.some_text()) end;
end $$;

create function trees.some_field() returns jsonb
language sql volatile as $$
    select jsonb_build_object('path', trees.some_path())
        || case when trees.dice(6) = 0 then '{"lower": true}'::jsonb else '{}' end
$$;

-- A tree of values of one field, for a:( ... ).
create function trees.some_group(field jsonb, depth int) returns jsonb
language plpgsql volatile as $$
begin
    if depth = 0 or trees.dice(2) = 0 then
        return trees.some_leaf(field);
    elsif trees.dice(3) = 0 then
        return jsonb_build_object('op', 'not', 'args', jsonb_build_array(trees.some_group(field, depth - 1)));
    end if;
    return jsonb_build_object('op', trees.pick('{and,or}'),
        'args', (select jsonb_agg(trees.some_group(field, depth - 1)) from generate_series(1, 2 + trees.dice(2))));
end $$;

create function trees.some_tree(depth int) returns jsonb
language plpgsql volatile as $$
declare
    throw int := trees.dice(10);
begin
    if depth = 0 or throw < 3 then
        if throw = 0 then
            return trees.some_field() || jsonb_build_object('op', 'cidr', 'networks', (
                select jsonb_agg(trees.pick('{10.0.0.0/8,10.1.2.3,192.168.0.0/16,2001:db8::/32,::/0,0.0.0.0/0}'))
                from generate_series(1, 1 + trees.dice(2))));
        end if;
        return trees.some_leaf(trees.some_field());
    elsif throw = 3 then
        return trees.some_group(trees.some_field(), 2) || '{"group": true}';
    elsif throw < 6 then
        return jsonb_build_object('op', 'not', 'args', jsonb_build_array(trees.some_tree(depth - 1)));
    end if;
    return jsonb_build_object('op', trees.pick('{and,or}'),
        'args', (select jsonb_agg(trees.some_tree(depth - 1)) from generate_series(1, 2 + trees.dice(2))));
end $$;

-- Writing ----------------------------------------------------------------------------------------------------------

-- A literal, in quotes or with escapes.
create function trees.literal_text(value text) returns text
language sql volatile as $$
    select case when value = '' or trees.dice(2) = 0
        then '"' || regexp_replace(value, '(["\\])', '\\\1', 'g') || '"'
        when value in ('AND', 'OR', 'NOT', 'TO', 'and', 'or', 'not', 'to') then '\' || value
        else regexp_replace(value, '([^a-zA-Z0-9_.é日本])', '\\\1', 'g') end
$$;

create function trees.pattern_text(parts jsonb) returns text
language sql volatile as $$
    select string_agg(case jsonb_typeof(part) when 'object' then part ->> 'any'
                      else regexp_replace(part #>> '{}', '([^a-zA-Z0-9_.é日本])', '\\\1', 'g') end, '' order by place)
    from jsonb_array_elements(parts) with ordinality as p (part, place)
$$;

create function trees.field_text(leaf jsonb) returns text
language plpgsql volatile as $$
declare
    path text;
begin
    select string_agg(case when step ~ '^[a-z]+$' and trees.dice(4) > 0 then step
                           when step ~ '^[a-z]' and trees.dice(2) = 0 then regexp_replace(step, '([. ])', '\\\1', 'g')
                           else '"' || step || '"' end, '.' order by place)
    into path
    from jsonb_array_elements_text(leaf -> 'path') with ordinality as p (step, place);
    path := trees.pick('{"",@}') || path;
    return case when leaf ? 'lower' then 'lower(' || path || ')' else path end;
end $$;

create function trees.value_text(leaf jsonb) returns text
language plpgsql volatile as $$
declare
    low jsonb := nullif(leaf -> 'low', 'null');
    high jsonb := nullif(leaf -> 'high', 'null');
begin
    case leaf ->> 'op'
        when 'exists' then return '*';
        when 'equals' then return trees.literal_text(leaf ->> 'value');
        when 'wildcard' then return trees.pattern_text(leaf -> 'parts');
        else null;
    end case;
    if low is not null and high is null and trees.dice(2) = 0 then
        return case when (low -> 'inclusive')::boolean then '>=' else '>' end || trees.literal_text(low ->> 'value');
    elsif high is not null and low is null and trees.dice(2) = 0 then
        return case when (high -> 'inclusive')::boolean then '<=' else '<' end || trees.literal_text(high ->> 'value');
    end if;
    return case when (low -> 'inclusive')::boolean then '[' else '{' end || coalesce(trees.literal_text(low ->> 'value'), '*')
        || ' TO ' || coalesce(trees.literal_text(high ->> 'value'), '*') || case when (high -> 'inclusive')::boolean then ']' else '}' end;
end $$;

-- The tree as text.  `grouped`: among the values of a:( ... ), where leaves have no field.
create function trees.as_text(tree jsonb, around text default '', grouped boolean default false) returns text
language plpgsql volatile as $$
declare
    op text := tree ->> 'op';
    leaf jsonb;
    result text := '';
    parentheses boolean;
begin
    if tree ? 'group' then
        -- The field is any leaf's.
        leaf := jsonb_path_query_first(tree, '$.** ? (exists (@.path))');
        return trees.field_text(leaf) || ':(' || trees.as_text(tree - 'group', '', true) || ')';
    elsif op in ('and', 'or') then
        for i in 0 .. jsonb_array_length(tree -> 'args') - 1 loop
            result := result || case when i = 0 then '' when op = 'or' then ' OR ' when trees.dice(2) = 0 then ' AND ' else ' ' end
                || trees.as_text(tree -> 'args' -> i, op, grouped);
        end loop;
        -- A child of the same kind needs none: a AND (b AND c) is a AND b AND c.
        parentheses := around = 'not' or (around = 'and' and op = 'or') or trees.dice(5) = 0;
    elsif op = 'not' then
        result := trees.pick('{-,"NOT "}') || trees.as_text(tree -> 'args' -> 0, 'not', grouped);
        parentheses := trees.dice(5) = 0;
    elsif op = 'cidr' then
        result := 'CIDR(' || trees.field_text(tree) || ', '
            || (select string_agg(network, trees.pick('{", ", ","}')) from jsonb_array_elements_text(tree -> 'networks') as network) || ')';
        parentheses := trees.dice(9) = 0;
    else
        result := case when grouped then '' else trees.field_text(tree) || ':' end || trees.value_text(tree);
        parentheses := trees.dice(9) = 0;
    end if;
    return case when parentheses then '(' || result || ')' else result end;
end $$;

-- Evaluating -------------------------------------------------------------------------------------------------------

-- What a path finds: scalars and objects, through arrays however nested; null is no value.
create function trees.found(document jsonb, path jsonb) returns setof jsonb
language plpgsql immutable as $$
begin
    if jsonb_typeof(document) = 'array' then
        return query select f from jsonb_array_elements(document) as element, trees.found(element, path) as f;
    elsif path = '[]' then
        if document <> 'null' then
            return next document;
        end if;
    elsif jsonb_typeof(document) = 'object' and document ? (path ->> 0) then
        return query select trees.found(document -> (path ->> 0), path - 0);
    end if;
end $$;

create function trees.is_number(value text) returns boolean
language sql immutable as $$ select value ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$' $$;

create function trees.is_time(value text) returns boolean
language sql immutable as $$
    select value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[-+][0-9]{2}(:?[0-9]{2})?)?)?$'
$$;

-- A value against a bound: -1, 0, 1, or null where they cannot be compared.
create function trees.compared(value jsonb, bound text) returns int
language plpgsql stable as $$
declare
    text_ text := value #>> '{}';
begin
    if jsonb_typeof(value) not in ('string', 'number') then
        return null;
    elsif trees.is_number(bound) then
        return case when trees.is_number(text_) or jsonb_typeof(value) = 'number' then sign(text_::numeric - bound::numeric) end;
    elsif jsonb_typeof(value) = 'number' then
        return null;
    elsif trees.is_time(bound) then
        return case when trees.is_time(text_) then
            case when text_::timestamptz < bound::timestamptz then -1 when text_::timestamptz > bound::timestamptz then 1 else 0 end end;
    end if;
    return case when text_ collate "C" < bound collate "C" then -1 when text_ collate "C" > bound collate "C" then 1 else 0 end;
end $$;

create function trees.leaf_matches(leaf jsonb, value jsonb) returns boolean
language plpgsql stable as $$
declare
    kind text := jsonb_typeof(value);
    text_ text := value #>> '{}';
    low jsonb := nullif(leaf -> 'low', 'null');
    high jsonb := nullif(leaf -> 'high', 'null');
    pattern text;
begin
    if leaf ->> 'op' = 'exists' or (leaf ->> 'op' = 'range' and low is null and high is null) then
        return true;
    elsif kind = 'object' then
        return false;
    end if;
    case leaf ->> 'op'
        when 'equals' then
            return case kind when 'string' then text_ = leaf ->> 'value'
                when 'number' then case when trees.is_number(leaf ->> 'value') then text_::numeric = (leaf ->> 'value')::numeric else false end
                else text_ = leaf ->> 'value' end;
        when 'wildcard' then
            select string_agg(case part ->> 'any' when '*' then '%' when '?' then '_'
                              else regexp_replace(part #>> '{}', '([%_\\])', '\\\1', 'g') end, '' order by place)
            into pattern
            from jsonb_array_elements(leaf -> 'parts') with ordinality as p (part, place);
            return text_ like pattern;
        when 'range' then
            return coalesce(
                (low is null or trees.compared(value, low ->> 'value') > 0
                 or ((low -> 'inclusive')::boolean and trees.compared(value, low ->> 'value') = 0))
                and
                (high is null or trees.compared(value, high ->> 'value') < 0
                 or ((high -> 'inclusive')::boolean and trees.compared(value, high ->> 'value') = 0)), false);
        when 'cidr' then
            if kind <> 'string' or not (text_ ~ '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$' or text_ ~ '^2001:db[0-9]::1?$') then
                return false;
            end if;
            return exists (select from jsonb_array_elements_text(leaf -> 'networks') as network where text_::inet <<= network::inet);
    end case;
end $$;

create function trees.matches(tree jsonb, event jsonb) returns boolean
language plpgsql stable as $$
declare
    op text := tree ->> 'op';
begin
    if op = 'not' then
        return not trees.matches(tree -> 'args' -> 0, event);
    elsif op in ('and', 'or') then
        for i in 0 .. jsonb_array_length(tree -> 'args') - 1 loop
            if trees.matches(tree -> 'args' -> i, event) = (op = 'or') then
                return op = 'or';
            end if;
        end loop;
        return op = 'and';
    end if;
    return exists (
        select from trees.found(event, tree -> 'path') as value
        where trees.leaf_matches(tree, case when tree ? 'lower' and jsonb_typeof(value) = 'string'
                                            then to_jsonb(lower(value #>> '{}')) else value end));
end $$;

-- Comparing --------------------------------------------------------------------------------------------------------

create table trees.differences (filter text, tree jsonb, event jsonb, ours text, theirs text);

-- Try so many trees on four events each; keeps where the two opinions differ, and returns how many evaluations
-- were made and how many of them were true.
create procedure trees.compare(ntrees int, inout evaluations bigint default 0, inout matching bigint default 0)
language plpgsql as $$
declare
    tree jsonb;
    filter text;
    event jsonb;
    ours text;
    theirs boolean;
begin
    for i in 1 .. ntrees loop
        tree := trees.some_tree(3);
        filter := trees.as_text(tree);
        for j in 1 .. 4 loop
            event := trees.some_event();
            theirs := trees.matches(tree, event);
            begin
                ours := newterm.test_filter(filter, event)::text;
            exception when others then
                ours := sqlerrm;
            end;
            evaluations := evaluations + 1;
            matching := matching + theirs::int;
            if ours is distinct from theirs::text then
                insert into trees.differences values (filter, tree, event, ours, theirs::text);
            end if;
        end loop;
    end loop;
end $$;
