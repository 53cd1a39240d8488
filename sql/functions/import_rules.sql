-- Rules from documents: newterm's own, and those of other products, which
-- import_datadog.sql, import_elastic.sql and import_sumo.sql put into our words.

-- Whose form is this? NULL where it is nobody's.
CREATE OR REPLACE FUNCTION newterm.import_format_of(document jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE
		WHEN jsonb_typeof(document) <> 'object' THEN NULL
		WHEN document ? 'newterm' THEN 'newterm'
		WHEN document ?| '{valueFields,value_fields,filterExpression,filter_expression}' THEN 'sumo'
		WHEN document ?| '{queries,newValueOptions,cases}' THEN 'datadog'
		WHEN document ? 'attributes' AND document #> '{attributes}' ?| '{queries,cases}' THEN 'datadog'
		WHEN document ?| '{rule_id,new_terms_fields,risk_score,exported_count,list_id}' THEN 'elastic'
		WHEN jsonb_typeof(document -> 'rule') = 'object' THEN 'elastic'
		WHEN document ? 'fields' THEN 'newterm'
	END
$$;
COMMENT ON FUNCTION newterm.import_format_of(jsonb) IS 'whose rule a document is: newterm, datadog, elastic, sumo or NULL';

-- A text as JSON; where it is none, what is wrong with it.
CREATE OR REPLACE FUNCTION newterm.import_json(source text, OUT document jsonb, OUT problem text)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	reason text;
BEGIN
	document := source::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, reason = PG_EXCEPTION_DETAIL;
	problem := problem || CASE WHEN reason <> '' THEN ': ' || left(reason, 200) ELSE '' END;
END
$$;
COMMENT ON FUNCTION newterm.import_json(text) IS 'a text read as JSON, or why it is none';

-- Documents one after another, each ending with a line: exports of several rules
-- have one on a line; files put behind each other have several lines each.
CREATE OR REPLACE FUNCTION newterm.import_pieces(source text) RETURNS SETOF text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT piece
	FROM regexp_split_to_table(source,
		CASE WHEN (newterm.import_json(split_part(ltrim(source, E' \t\r\n'), E'\n', 1))).document IS NOT NULL
			THEN '\n' ELSE '(?<=[}\]][ \t\r]*)\n\s*(?=[{\[])' END) WITH ORDINALITY AS p (piece, n)
	WHERE piece ~ '\S'
	ORDER BY n
$$;
COMMENT ON FUNCTION newterm.import_pieces(text) IS 'the texts of JSON documents that stand behind each other';

-- Rules inside a list or an envelope, each by itself.
CREATE OR REPLACE FUNCTION newterm.import_unwrap(document jsonb) RETURNS SETOF jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	form jsonb := CASE jsonb_typeof(document) WHEN 'object' THEN document -> 'newterm' END;
	list jsonb := document;
BEGIN
	IF form <> '1' THEN
		RAISE EXCEPTION 'this version of newterm reads documents of form 1, not %', form
			USING ERRCODE = 'feature_not_supported', HINT = 'Nothing was imported.';
	ELSIF jsonb_typeof(document) = 'object' THEN
		SELECT l INTO list
		FROM (VALUES (document -> 'rules'), (document -> 'data'), (document #> '{data,objects}'), (document -> 'objects')) v (l)
		WHERE jsonb_typeof(l) = 'array' AND coalesce(newterm.import_format_of(document), 'newterm') = 'newterm';
	END IF;
	IF jsonb_typeof(list) IS DISTINCT FROM 'array' THEN
		RETURN NEXT document;
	ELSE
		RETURN QUERY
			SELECT CASE WHEN form IS NOT NULL AND jsonb_typeof(r) = 'object' THEN r || '{"newterm": 1}' ELSE r END
			FROM jsonb_array_elements(list) r;
	END IF;
END
$$;
COMMENT ON FUNCTION newterm.import_unwrap(jsonb) IS 'the rules that an array or an envelope holds';

-- The documents of rules in a text, in their order. A text of one document must be
-- JSON; of several, those that are not come as a problem.
CREATE OR REPLACE FUNCTION newterm.import_documents(source text, OUT document jsonb, OUT problem text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	trimmed text := ltrim(source, U&'\FEFF' || E' \t\r\n');
	pieces text[];
	whole record;
	number integer := 0;
	piece text;
BEGIN
	whole := newterm.import_json(trimmed);
	IF whole.document IS NULL THEN
		pieces := ARRAY(SELECT newterm.import_pieces(trimmed));
		IF cardinality(pieces) < 2 THEN
			RAISE EXCEPTION 'the document is not JSON: %', whole.problem
				USING ERRCODE = 'invalid_text_representation', HINT = 'Nothing was imported.';
		END IF;
	ELSE
		pieces := ARRAY[trimmed];
	END IF;
	FOREACH piece IN ARRAY pieces LOOP
		number := number + 1;
		IF cardinality(pieces) > 1 THEN
			whole := newterm.import_json(piece);
		END IF;
		IF whole.document IS NULL THEN
			document := NULL;
			problem := format('document %s is not JSON: %s', number, whole.problem);
			RETURN NEXT;
		ELSE
			problem := NULL;
			FOR document IN SELECT newterm.import_unwrap(whole.document) LOOP
				RETURN NEXT;
			END LOOP;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.import_documents(text) IS 'the documents of rules in a text: one document, an array, an envelope, or one document after another';

CREATE OR REPLACE FUNCTION newterm.import_newterm(document jsonb, OUT description jsonb, OUT remarks text[]) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	-- notes to readers, and the events of a rule's tests
	description := document - '{newterm,comment,test}'::text[];
	remarks := '{}';
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION newterm.import_newterm(jsonb) IS 'a rule of newterm''s own form: its settings';

-- What the rules of a document are in our words: a row a rule.  Elastic's exceptions
-- are documents of the same text.
CREATE OR REPLACE FUNCTION newterm.import_descriptions(document jsonb, format text, exceptions jsonb, OUT description jsonb, OUT remarks text[]) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF jsonb_typeof(document) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION 'a rule is a JSON object, not %', coalesce(jsonb_typeof(document), 'nothing')
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	CASE format
		WHEN 'newterm' THEN RETURN QUERY SELECT * FROM newterm.import_newterm(document);
		WHEN 'datadog' THEN RETURN QUERY SELECT * FROM newterm.import_datadog(document);
		WHEN 'elastic' THEN RETURN QUERY SELECT * FROM newterm.import_elastic(document, exceptions);
		WHEN 'sumo' THEN RETURN QUERY SELECT * FROM newterm.import_sumo(document);
		ELSE
			RAISE EXCEPTION 'this is no rule of newterm, Datadog, Elastic or Sumo Logic'
				USING ERRCODE = 'invalid_parameter_value',
					  HINT = 'If it is, say so: newterm.import_rules(…, format => ''datadog'').';
	END CASE;
END
$$;
COMMENT ON FUNCTION newterm.import_descriptions(jsonb, text, jsonb) IS 'the settings of the rules in a document, with remarks on what they leave out';

-- Is an error about the rule at hand, or about this session or server?
CREATE OR REPLACE FUNCTION newterm.import_may_refuse(state text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT left(state, 2) NOT IN ('25', '40', '53', '57', '58', 'XX') AND state NOT IN ('42501', '55P03')
$$;
COMMENT ON FUNCTION newterm.import_may_refuse(text) IS 'whether an error of this SQLSTATE refuses one rule, and not the whole import';

CREATE OR REPLACE FUNCTION newterm.import_name_of(document jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT left(coalesce(document ->> 'name', document #>> '{rule,name}', document #>> '{attributes,name}'), 200)
$$;
COMMENT ON FUNCTION newterm.import_name_of(jsonb) IS 'the name in a document of a rule, for those that are refused';

-- Stores the rules of one document; a row a rule.
CREATE OR REPLACE FUNCTION newterm.import_document(document jsonb, format text, exceptions jsonb, taken text[]) RETURNS TABLE (rule text, outcome text, detail text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	described record;
BEGIN
	FOR described IN SELECT * FROM newterm.import_descriptions(document, format, exceptions) LOOP
		rule := described.description ->> 'name';
		IF rule = ANY (taken) THEN
			RAISE EXCEPTION 'the document has another rule "%"', rule USING ERRCODE = 'duplicate_object';
		END IF;
		taken := taken || rule;
		outcome := CASE WHEN described.remarks = '{}' THEN 'imported' ELSE 'imported with a remark' END;
		detail := array_to_string(newterm.store_rule(described.description) || described.remarks
			|| CASE format WHEN 'datadog' THEN newterm.import_datadog_suppressions(document, rule) END, '; ');
		-- by the rule itself: reading stored events for each rule would make imports slow
		PERFORM newterm.lint_notice(rule, sampled => false);
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.import_document(jsonb, text, jsonb, text[]) IS 'stores the rules of one document; raises where one cannot be';

CREATE OR REPLACE FUNCTION newterm.import_rules(document text, format text DEFAULT 'auto', dry_run boolean DEFAULT false) RETURNS TABLE (rule text, outcome text, detail text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	results jsonb := '[]';
	stored jsonb;
	documents jsonb;
	exceptions jsonb;
	item jsonb;
	reason text;
	hint text;
BEGIN
	IF document IS NULL OR dry_run IS NULL THEN
		RAISE EXCEPTION 'document and dry_run must not be NULL' USING ERRCODE = 'null_value_not_allowed';
	ELSIF format IS NULL OR format NOT IN ('auto', 'newterm', 'datadog', 'elastic', 'sumo') THEN
		RAISE EXCEPTION 'format must be auto, newterm, datadog, elastic or sumo, not "%"', format
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT jsonb_agg(to_jsonb(d)), jsonb_agg(d.document) FILTER (WHERE jsonb_typeof(d.document -> 'entries') = 'array')
	INTO documents, exceptions FROM newterm.import_documents(document) d;
	BEGIN
		FOR item IN SELECT d FROM jsonb_array_elements(documents) d LOOP
			BEGIN
				IF item ->> 'problem' IS NOT NULL THEN
					RAISE EXCEPTION '%', item ->> 'problem' USING ERRCODE = 'invalid_text_representation';
				END IF;
				SELECT jsonb_agg(to_jsonb(d)) INTO stored
				FROM newterm.import_document(item -> 'document',
					CASE import_rules.format WHEN 'auto' THEN newterm.import_format_of(item -> 'document') ELSE import_rules.format END,
					exceptions, ARRAY(SELECT r ->> 'rule' FROM jsonb_array_elements(results) r WHERE r ->> 'outcome' <> 'refused')) d;
				results := results || coalesce(stored, '[]');
			EXCEPTION WHEN OTHERS THEN
				IF NOT newterm.import_may_refuse(SQLSTATE) THEN
					RAISE;
				END IF;
				GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
				results := results || jsonb_build_object('rule', newterm.import_name_of(item -> 'document'), 'outcome', 'refused',
					'detail', reason || CASE WHEN hint <> '' THEN ' (' || hint || ')' ELSE '' END);
			END;
		END LOOP;
		IF dry_run THEN
			RAISE EXCEPTION 'a dry run leaves nothing' USING ERRCODE = 'NT900';
		END IF;
	EXCEPTION WHEN SQLSTATE 'NT900' THEN
		NULL;
	END;
	RETURN QUERY
		SELECT r ->> 'rule', r ->> 'outcome', r ->> 'detail'
		FROM jsonb_array_elements(results) WITH ORDINALITY AS a (r, n) ORDER BY n;
END
$$;
COMMENT ON FUNCTION newterm.import_rules(text, text, boolean) IS 'creates or changes the rules of a document (newterm, Datadog, Elastic, Sumo Logic), each whole or not at all; a row a rule: imported, imported with a remark, refused';
