-- Search in lists: in values, whatever their case and accents, without an extension.

-- The text without case, accents and the differences of compatible characters (Unicode NFKD without combining marks).
CREATE FUNCTION pressroom.folded(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(value) = char_length(value) THEN lower(value) -- ASCII
                ELSE lower(regexp_replace(normalize(value, NFKD),
                         '[\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F]', '', 'g')) END
$$;

-- Whether a text or number of a document, at any depth, contains a text that is folded already. Keys do not count.
CREATE FUNCTION pressroom.holds_text(document jsonb, sought text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM jsonb_path_query(document, 'strict $.** ? (@.type() == "string" || @.type() == "number")') AS v (value)
         WHERE strpos(pressroom.folded(v.value #>> '{}'), sought) > 0)
$$;
