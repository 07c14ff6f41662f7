-- How a row leaves the database. Events, /state and every GET use these functions, so that they cannot disagree.

-- Timestamps have one form only: ISO 8601, UTC, microseconds.
CREATE FUNCTION pressroom.iso(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Defines the functions that turn a row into JSON (<name>_json) and into its text (<name>_text): every column but the hidden
-- ones, under its own name and in the table's order, timestamps by pressroom.iso(). To be called again after a column was
-- added.
--
-- They concatenate texts: json_build_object looks up the type of every argument for every row, which takes more than
-- twice as long.
CREATE FUNCTION pressroom.define_row_json(relation regclass, name text, hidden text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    members text;
BEGIN
    SELECT string_agg(
               format('%L || %s', CASE WHEN a.number > 1 THEN ',' ELSE '' END || to_json(a.attname) || ':',
                      CASE WHEN a.attnotnull THEN a.value ELSE format('coalesce(%s, ''null'')', a.value) END),
               E'\n        || ' ORDER BY a.number)
      INTO members
      FROM (SELECT c.attname, c.attnotnull, row_number() OVER (ORDER BY c.attnum) AS number,
                   CASE WHEN c.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'json'::regtype, 'jsonb'::regtype)
                        THEN format('r.%I::text', c.attname)
                        WHEN c.atttypid = 'bool'::regtype THEN format('CASE WHEN r.%1$I THEN ''true'' WHEN NOT r.%1$I THEN ''false'' END', c.attname)
                        WHEN c.atttypid = 'uuid'::regtype THEN format('''"'' || r.%I || ''"''', c.attname)
                        WHEN c.atttypid = 'timestamptz'::regtype THEN format('''"'' || pressroom.iso(r.%I) || ''"''', c.attname)
                        ELSE format('to_json(r.%I)::text', c.attname) END AS value
              FROM pg_attribute c
             WHERE c.attrelid = relation AND c.attnum > 0 AND NOT c.attisdropped AND c.attname <> ALL (hidden)) a;
    EXECUTE format(E'CREATE OR REPLACE FUNCTION pressroom.%I(r %s) RETURNS text\n'
                   'LANGUAGE sql STABLE PARALLEL SAFE AS $f$\n    SELECT ''{''\n        || %s\n        || ''}''\n$f$',
                   name || '_text', relation, members);
    EXECUTE format('CREATE OR REPLACE FUNCTION pressroom.%I(r %s) RETURNS json '
                   'LANGUAGE sql STABLE PARALLEL SAFE AS $f$ SELECT pressroom.%I(r)::json $f$',
                   name || '_json', relation, name || '_text');
END $$;

SELECT pressroom.define_row_json('pressroom.workflows', 'workflow', '{version_sort,concurrency}'),
       pressroom.define_row_json('pressroom.tasks', 'task', '{conversation_id,user_id,ended_at}'),
       pressroom.define_row_json('pressroom.tasks', 'task_entry', '{result,conversation_id,user_id,ended_at}'), -- in lists
       pressroom.define_row_json('pressroom.phases', 'phase', '{place}'),
       pressroom.define_row_json('pressroom.steps', 'step', '{limited_workflow,queue}'),
       pressroom.define_row_json('pressroom.outputs', 'output'),
       pressroom.define_row_json('pressroom.output_versions', 'output_version'),
       pressroom.define_row_json('pressroom.evaluations', 'evaluation'),
       pressroom.define_row_json('pressroom.rankings', 'ranking'),
       pressroom.define_row_json('pressroom.human_tasks', 'human_task', '{rendered}'),
       pressroom.define_row_json('pressroom.logs', 'log');
