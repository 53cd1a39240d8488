-- Lucene's query syntax, as Kibana's rules may use it, as KQL.

-- What stands behind "field:", as KQL, and how long it was.
CREATE OR REPLACE FUNCTION newterm.import_lucene_operand(field text, rest text, OUT clause text, OUT length integer)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text[];
	bounds text[] := '{}';
BEGIN
	m := regexp_match(rest, '^"((?:[^"\\]|\\.)*)"');
	IF m IS NOT NULL THEN
		clause := field || ': "' || m[1] || '"';
		length := pg_catalog.length(m[1]) + 2;
		RETURN;
	END IF;
	m := regexp_match(rest, '^(([\[{])\s*("(?:[^"\\]|\\.)*"|\S+)\s+TO\s+("(?:[^"\\]|\\.)*"|[^\s\]}]+)\s*([\]}]))');
	IF m IS NOT NULL THEN
		IF m[3] <> '*' THEN
			bounds := bounds || (field || CASE m[2] WHEN '[' THEN ' >= ' ELSE ' > ' END || m[3]);
		END IF;
		IF m[4] <> '*' THEN
			bounds := bounds || (field || CASE m[5] WHEN ']' THEN ' <= ' ELSE ' < ' END || m[4]);
		END IF;
		clause := CASE bounds WHEN '{}' THEN field || ': *' ELSE '(' || array_to_string(bounds, ' and ') || ')' END;
		length := pg_catalog.length(m[1]);
		RETURN;
	END IF;
	m := regexp_match(rest, '^(([<>]=?)\s*((?:[^\s()\\]|\\.)+))');
	IF m IS NOT NULL THEN
		clause := field || ' ' || m[2] || ' ' || m[3];
		length := pg_catalog.length(m[1]);
		RETURN;
	END IF;
	m := regexp_match(rest, '^((?:[^\s()"\\\[\]{}/^~?]|\\.)+)(.?)');
	IF m IS NULL OR m[2] IN ('^', '~', '?', '/', '"', '[', ']', '{', '}') THEN
		RAISE EXCEPTION 'this cannot be said in KQL: %', left(rest, 40)
			USING ERRCODE = 'feature_not_supported',
				  HINT = 'Regular expressions, fuzzy and boosted terms and ? have no counterpart.';
	END IF;
	clause := field || ': ' || m[1];
	length := pg_catalog.length(m[1]);
END
$$;
COMMENT ON FUNCTION newterm.import_lucene_operand(text, text) IS 'what a field of a Lucene query is asked for, as KQL';

-- Each level of parentheses may join its clauses in one way only: Lucene gives AND
-- beside OR another meaning than KQL.
CREATE OR REPLACE FUNCTION newterm.import_lucene(query text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rest text := ltrim(query, E' \t\r\n');
	result text := '';
	joiners text[] := '{""}';	-- of each level
	fields text[] := '{""}';	-- whose values a level names
	level integer := 1;
	operand_next boolean := true;
	joiner text;
	m text[];
	operand record;
BEGIN
	WHILE rest <> '' LOOP
		joiner := NULL;
		IF NOT operand_next AND rest LIKE ')%' THEN
			level := level - 1;
			EXIT WHEN level < 1;
			joiners := joiners[1:level];
			fields := fields[1:level];
			result := result || ')';
			rest := ltrim(substr(rest, 2), E' \t\r\n');
			CONTINUE;
		ELSIF NOT operand_next THEN
			m := regexp_match(rest, '^(AND\M|&&|OR\M|\|\|)\s*');
			joiner := CASE WHEN m[1] IN ('AND', '&&') THEN ' and ' ELSE ' or ' END;
			IF joiners[level] NOT IN ('', joiner) THEN
				RAISE EXCEPTION 'AND and OR beside each other at: %', left(rest, 40)
					USING ERRCODE = 'feature_not_supported', HINT = 'Put one of them into parentheses.';
			END IF;
			joiners[level] := joiner;
			result := result || joiner;
			rest := CASE WHEN m IS NULL THEN rest ELSE regexp_replace(rest, '^(AND\M|&&|OR\M|\|\|)\s*', '') END;
			operand_next := true;
			CONTINUE;
		END IF;
		IF rest ~ '^(NOT\M|!|-)' THEN
			result := result || 'not ';
			rest := regexp_replace(rest, '^(NOT\M|!|-)\s*', '');
		ELSIF rest LIKE '(%' THEN
			level := level + 1;
			joiners := joiners || ''::text;
			fields := fields || fields[level - 1];
			result := result || '(';
			rest := ltrim(substr(rest, 2), E' \t\r\n');
		ELSE
			m := regexp_match(rest, '^((?:[[:alnum:]_.@-]|\\.)+)\s*:\s*');
			IF m[1] = '_exists_' THEN
				m := regexp_match(rest, '^_exists_\s*:\s*"?((?:[[:alnum:]_.@-]|\\.)+)"?');
				result := result || m[1] || ': *';
				rest := regexp_replace(rest, '^_exists_\s*:\s*"?((?:[[:alnum:]_.@-]|\\.)+)"?', '');
			ELSIF m IS NOT NULL AND regexp_replace(rest, '^((?:[[:alnum:]_.@-]|\\.)+)\s*:\s*', '') LIKE '(%' THEN
				level := level + 1;
				joiners := joiners || ''::text;
				fields := fields || m[1];
				result := result || '(';
				rest := ltrim(substr(regexp_replace(rest, '^((?:[[:alnum:]_.@-]|\\.)+)\s*:\s*', ''), 2), E' \t\r\n');
				CONTINUE;
			ELSE
				IF m IS NOT NULL THEN
					rest := regexp_replace(rest, '^((?:[[:alnum:]_.@-]|\\.)+)\s*:\s*', '');
				ELSIF fields[level] = '' THEN
					RAISE EXCEPTION 'a term without a field asks all fields, which newterm does not: %', left(rest, 40)
						USING ERRCODE = 'feature_not_supported';
				END IF;
				operand := newterm.import_lucene_operand(coalesce(m[1], fields[level]), rest);
				result := result || operand.clause;
				rest := substr(rest, operand.length + 1);
			END IF;
			rest := ltrim(rest, E' \t\r\n');
			operand_next := false;
		END IF;
	END LOOP;
	IF level <> 1 OR operand_next THEN
		RAISE EXCEPTION 'the Lucene query does not end well: %', right(query, 40) USING ERRCODE = 'syntax_error';
	END IF;
	RETURN result;
END
$$;
COMMENT ON FUNCTION newterm.import_lucene(text) IS 'a query in Lucene''s syntax as KQL; refuses what KQL cannot say';
