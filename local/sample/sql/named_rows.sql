-- Create the named studies' exposures from plain values, values by number and overrides. Codes become ids.

CREATE FUNCTION sample.coded(given jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_object_agg(key, CASE
        WHEN jsonb_typeof(value) = 'string' AND key IN ('type', 'plane', 'view', 'laterality', 'anatomy', 'region',
            'relationship', 'orientation',
                                                        'orientation_modifier', 'target', 'fluoro_mode')
            THEN to_jsonb(sample.code(value #>> '{}'))
        WHEN jsonb_typeof(value) = 'array' AND key IN ('modifiers', 'grids')
            THEN (SELECT jsonb_agg(sample.code(each) ORDER BY nth)
                FROM jsonb_array_elements_text(value) WITH ORDINALITY AS list (each, nth))
        ELSE value END)
    FROM jsonb_each(given)
$$;

INSERT INTO sample.exposure
SELECT event.*
FROM sample.place
JOIN sample.plain USING (kind)
CROSS JOIN LATERAL (SELECT coalesce(jsonb_object_agg(key, value ORDER BY nr), '{}') AS otherwise
                    FROM sample.override CROSS JOIN LATERAL jsonb_each(override.values)
                    WHERE name = place.named AND place.place BETWEEN first AND last) AS merged
CROSS JOIN LATERAL (SELECT CASE kind
    WHEN 'RF' THEN jsonb_build_object('dap', 0.00001 * place.place, 'dose_rp', 0.001 * place.place,
        'pulses', 10 * place.place,
                                      'duration', place.place, 'exposure_time', 5 * place.place)
    WHEN 'MG' THEN jsonb_build_object('agd', 1 + 0.1 * place.place, 'view',
        (ARRAY['R-10242', 'R-10242', 'R-10226', 'R-10226'])[1 + (place.place - 1) % 4],
                                      'laterality', (ARRAY['G-A100', 'G-A101'])[1 + (place.place - 1) % 2])
    ELSE jsonb_build_object('dap', 0.000001 * place.place) END AS numbered) AS counted
CROSS JOIN LATERAL jsonb_populate_record(NULL::sample.exposure,
    sample.coded(plain.values || numbered || otherwise) || jsonb_build_object(
    'id', place.id, 'study', place.study, 'place', place.place, 'kind', kind, 'style', 'named', 'named', place.named)
    || CASE WHEN otherwise ? 'started' THEN '{}' ELSE jsonb_build_object('started', place.started) END
    || CASE WHEN otherwise ? 'uid' THEN '{}' ELSE jsonb_build_object('uid',
        '2.25.' || place.study || '.' || place.place) END) AS event
WHERE place.named IS NOT NULL AND place.named <> 'RF giant';
