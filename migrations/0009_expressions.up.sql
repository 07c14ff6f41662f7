-- Expressions of definitions: SQL/JSON paths, checked when published, evaluated while the task moves on
-- (docs/decisions/0023-expressions.md).

-- Returns the path as PostgreSQL writes it, or what is wrong with it.
CREATE FUNCTION pressroom.check_path(path text, OUT canonical text, OUT error text)
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    canonical := path::jsonpath::text;
EXCEPTION WHEN OTHERS THEN
    error := SQLERRM;
END $$;

-- Evaluates each {document, path, extra}: `document` counts in `documents` from 0, the members of `extra` are added to
-- it. A path that fails gives its reason and fails nothing else. After a path that the statement timeout has stopped, the
-- rest is left out, because no timeout would stop it any more; the caller asks again.
CREATE FUNCTION pressroom.evaluate_paths(documents jsonb, questions jsonb, max_bytes integer)
RETURNS TABLE (n integer, matches jsonb, error text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    question jsonb;
BEGIN
    n := -1;
    FOR question IN SELECT value FROM jsonb_array_elements(questions) LOOP
        n := n + 1;
        BEGIN
            error := NULL;
            matches := jsonb_path_query_array(
                (documents -> (question ->> 'document')::integer) || (question -> 'extra'), (question ->> 'path')::jsonpath);
            IF octet_length(matches::text) > max_bytes THEN
                matches := NULL;
                error := format('It finds more than %s bytes.', max_bytes);
            END IF;
        EXCEPTION
            WHEN query_canceled THEN
                matches := NULL;
                error := 'It takes too long.';
                RETURN NEXT;
                RETURN;
            WHEN OTHERS THEN
                matches := NULL;
                error := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
