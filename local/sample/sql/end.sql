-- Set the sequences so that new rows get free ids, and drop everything that was needed only for filling.

DO $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT tablename AS child FROM pg_tables WHERE tablename LIKE 'remapp%' ORDER BY 1 LOOP
        EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), coalesce(max(id), 0) + 1, false) FROM %I',
                       each.child, each.child);
    END LOOP;
END
$$;

DROP SCHEMA sample CASCADE;
