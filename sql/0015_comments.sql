-- Columns of the views of reports: what they are is said of the columns of the
-- same name in TABLE_rows, which the views show.

DO $$
DECLARE
    v_column  record;
BEGIN
    FOR v_column IN
        SELECT v.relname AS name, shown.attname AS attribute,
               col_description(t.oid, kept.attnum) AS comment
          FROM pg_class v
          JOIN pg_class t
            ON t.relnamespace = v.relnamespace
           AND t.relname = v.relname || '_rows'
          JOIN pg_attribute shown
            ON shown.attrelid = v.oid
          JOIN pg_attribute kept
            ON kept.attrelid = t.oid AND kept.attname = shown.attname
         WHERE v.relnamespace = 'amzsync'::regnamespace AND v.relkind = 'v'
           AND col_description(v.oid, shown.attnum) IS NULL
    LOOP
        EXECUTE format('COMMENT ON COLUMN amzsync.%I.%I IS %L', v_column.name,
                       v_column.attribute, v_column.comment);
    END LOOP;
END
$$;
