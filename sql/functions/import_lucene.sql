-- Lucene's query syntax, as Kibana's rules may use it, as KQL.

-- A range [a TO b] of a field; an open end is *.
CREATE OR REPLACE FUNCTION newterm.import_lucene_range(field text, range text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN range[2] = '*' AND range[3] = '*' THEN field || ': *' ELSE '(' || concat_ws(' and ',
		CASE WHEN range[2] <> '*' THEN field || CASE range[1] WHEN '[' THEN ' >= ' ELSE ' > ' END || range[2] END,
		CASE WHEN range[3] <> '*' THEN field || CASE range[4] WHEN ']' THEN ' <= ' ELSE ' < ' END || range[3] END) || ')' END
$$;
COMMENT ON FUNCTION newterm.import_lucene_range(text, text[]) IS 'KQL for a range of a Lucene query: its brackets and bounds';

-- What a field is asked for, as KQL, and what follows.
CREATE OR REPLACE FUNCTION newterm.import_lucene_value(field text, source text, OUT clause text, OUT rest text)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	phrase CONSTANT text := '"(?:[^"\\]|\\.)*"';
	word CONSTANT text := '(?:[^\s()"\\\[\]{}/^~?<>]|\\.)+';
	m text[];
BEGIN
	IF field = '' THEN
		RAISE EXCEPTION 'a term without a field asks all fields, which newterm does not: %', left(source, 40)
			USING ERRCODE = 'feature_not_supported';
	END IF;
	m := regexp_match(source, '^([\[{])\s*(' || phrase || '|\S+)\s+TO\s+(' || phrase || '|[^\s\]}]+)\s*([\]}])(.*)$');
	IF m IS NOT NULL THEN
		clause := newterm.import_lucene_range(field, m);
		rest := m[5];
		RETURN;
	END IF;
	m := regexp_match(source, '^([<>]=?)?\s*(' || phrase || '|' || word || ')(?=[\s)]|$)(.*)$');
	IF m IS NULL THEN
		RAISE EXCEPTION 'this cannot be said in KQL: %', left(source, 40)
			USING ERRCODE = 'feature_not_supported',
				  HINT = 'Regular expressions, fuzzy and boosted terms and ? have no counterpart.';
	END IF;
	clause := field || coalesce(' ' || m[1], ':') || ' ' || m[2];
	rest := m[3];
END
$$;
COMMENT ON FUNCTION newterm.import_lucene_value(text, text) IS 'what a field of a Lucene query is asked for as KQL, and what follows';

-- The next token: its kind, the field before a value or a parenthesis, and what follows.
CREATE OR REPLACE FUNCTION newterm.import_lucene_token(source text, OUT kind text, OUT field text, OUT rest text)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	name CONSTANT text := '((?:[[:alnum:]_.@-]|\\.)+)';
	m text[] := regexp_match(source, '^(AND\M|&&|OR\M|\|\||NOT\M|!|-|\(|\))(.*)$');
BEGIN
	IF m IS NOT NULL THEN
		kind := CASE m[1] WHEN '&&' THEN 'AND' WHEN '||' THEN 'OR' WHEN '!' THEN 'NOT' WHEN '-' THEN 'NOT' ELSE m[1] END;
		rest := m[2];
		RETURN;
	END IF;
	m := regexp_match(source, '^_exists_\s*:\s*"?' || name || '"?(.*)$');
	IF m IS NOT NULL THEN
		kind := 'exists';
		field := m[1];
		rest := m[2];
		RETURN;
	END IF;
	m := regexp_match(source, '^' || name || '\s*:\s*(\()?(.*)$');
	kind := coalesce(m[2], 'value');
	field := m[1];
	rest := CASE WHEN m IS NULL THEN source ELSE m[3] END;
END
$$;
COMMENT ON FUNCTION newterm.import_lucene_token(text) IS 'the first token of a Lucene query';

-- Each level of parentheses joins its clauses in one way only: Lucene gives AND beside
-- OR another meaning than KQL. Without a word between them, clauses are joined by OR.
CREATE OR REPLACE FUNCTION newterm.import_lucene(query text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	result text := '';
	rest text := btrim(query, E' \t\r\n');
	joiners text[] := '{""}';	-- of each level of parentheses
	fields text[] := '{""}';	-- the field that the level's values are of
	level integer := 1;
	operand_next boolean := true;
	token record;
	value record;
BEGIN
	PERFORM newterm.import_check_query(query);
	WHILE rest <> '' LOOP
		token := newterm.import_lucene_token(rest);
		IF NOT operand_next AND token.kind <> ')' THEN
			IF token.kind NOT IN ('AND', 'OR') THEN
				token.kind := 'OR';
				token.rest := rest;
			END IF;
			IF joiners[level] NOT IN ('', token.kind) THEN
				RAISE EXCEPTION 'AND and OR beside each other at: %', left(rest, 40)
					USING ERRCODE = 'feature_not_supported', HINT = 'Put one of them into parentheses.';
			END IF;
			joiners[level] := token.kind;
			result := result || ' ' || lower(token.kind) || ' ';
			operand_next := true;
		ELSIF operand_next = (token.kind IN (')', 'AND', 'OR')) OR (token.kind = ')' AND level = 1) THEN
			RAISE EXCEPTION 'the Lucene query is wrong at: %', left(rest, 40) USING ERRCODE = 'syntax_error';
		ELSIF token.kind = '(' THEN
			level := level + 1;
			joiners[level] := '';
			fields[level] := coalesce(token.field, fields[level - 1]);
			result := result || '(';
		ELSIF token.kind = ')' THEN
			level := level - 1;
			result := result || ')';
		ELSIF token.kind = 'NOT' THEN
			result := result || 'not ';
		ELSIF token.kind = 'exists' THEN
			result := result || token.field || ': *';
			operand_next := false;
		ELSE
			value := newterm.import_lucene_value(coalesce(token.field, fields[level]), token.rest);
			result := result || value.clause;
			token.rest := value.rest;
			operand_next := false;
		END IF;
		rest := ltrim(token.rest, E' \t\r\n');
	END LOOP;
	IF level <> 1 OR operand_next THEN
		RAISE EXCEPTION 'the Lucene query ends too early: %', right(query, 40) USING ERRCODE = 'syntax_error';
	END IF;
	RETURN result;
END
$$;
COMMENT ON FUNCTION newterm.import_lucene(text) IS 'a query in Lucene''s syntax as KQL; refuses what KQL cannot say';
