-- Create the studies of the other modalities. Their ids follow those of CT, with modalities mixed in proportion.

CREATE TABLE sample.other AS
SELECT last + row_number() OVER (ORDER BY (n - 0.5) / wanted, kind)::integer AS id, kind, n::integer AS n, wanted
FROM (VALUES ('DX'), ('MG'), ('NM'), ('RF')) AS given (kind)
CROSS JOIN LATERAL (SELECT current_setting('sample.' || lower(kind))::integer AS wanted) AS counted
CROSS JOIN LATERAL generate_series(1, wanted) AS n
CROSS JOIN (SELECT coalesce(max(id), 0) AS last FROM sample.study) AS ct;

-- The named studies of a modality are consecutive. A modality with too few studies has no named studies.
INSERT INTO sample.broken (id, name, events, description)
SELECT other.id, given.name, given.events, 'broken: ' || given.name
FROM (SELECT *, 5 + row_number() OVER (PARTITION BY kind ORDER BY place) AS n,
    count(*) OVER (PARTITION BY kind) AS names
      FROM sample.named) AS given
JOIN sample.other ON other.kind = given.kind AND other.n = given.n
WHERE other.wanted >= given.names + 10;

-- For benchmarks, the first RF study has the requested number of exposures.
INSERT INTO sample.broken (id, name, events, description)
SELECT id, 'RF giant', giant, 'broken: RF giant'
FROM sample.other CROSS JOIN (SELECT current_setting('sample.rf_exposures')::integer AS giant) AS requested
WHERE kind = 'RF' AND n = 1 AND giant > 0;

INSERT INTO sample.study (id, modality, events, scanner, started)
SELECT other.id,
    CASE WHEN other.kind <> 'DX' OR broken.id IS NOT NULL THEN other.kind
         ELSE sample.pick(ARRAY['DX', 'DX', 'DX', 'CR', 'PX'], other.id, 'modality') END,
    0, sample.pick(rooms, other.id, 'room'),
    CASE WHEN other.id % 25 = 7 THEN timestamp '2023-05-05 10:00:00'
         WHEN other.id % 10 < 6 THEN day + interval '1 second' * floor(86400 * clock)
         ELSE day + interval '1 second' * round((86400 * clock)::numeric, 6) END
FROM sample.other
LEFT JOIN sample.broken USING (id)
JOIN (SELECT kind, array_agg(id ORDER BY id) AS rooms FROM sample.room GROUP BY kind) AS room ON room.kind = other.kind
CROSS JOIN LATERAL (SELECT sample.chance(other.id, 'clock') * 0.999 AS clock,
    current_setting('sample.last_day')::timestamp
        + interval '1 day' * (floor(2500 * sample.chance(other.id, 'day')) - 2499) AS day) AS drawn
ORDER BY other.id;

-- Plan every study that is not CT, bystanders included. Studies without a modality get exposures that no export may
-- contain.
CREATE TABLE sample.plan AS
SELECT study.id, drawn.kind, study.modality, study.started, broken.name AS named, room.id AS room,
    CASE WHEN broken.name = 'RF giant' OR broken.id IS NULL THEN room.style WHEN drawn.kind = 'NM' THEN 'pet'
        ELSE 'named' END AS style,
    CASE WHEN broken.id IS NOT NULL THEN broken.events
         WHEN drawn.kind = 'NM' OR luck < 0.015 THEN 0
         WHEN drawn.kind = 'RF' THEN 1 + floor(39 * many)
         WHEN drawn.kind = 'MG' THEN
             CASE WHEN many < 0.04 THEN 1 WHEN many < 0.15 THEN 2 WHEN many < 0.22 THEN 3 WHEN many < 0.75 THEN 4
                  WHEN many < 0.85 THEN 5 WHEN many < 0.97 THEN 8 ELSE 12 END
         ELSE CASE WHEN many < 0.40 THEN 1 WHEN many < 0.75 THEN 2 WHEN many < 0.90 THEN 3 WHEN many < 0.95 THEN 4
                   WHEN many < 0.98 THEN 7 WHEN many < 0.995 THEN 10 ELSE 22 END
    END::integer AS events
FROM sample.study
CROSS JOIN LATERAL (SELECT
    CASE WHEN modality IN ('RF', 'MG', 'NM') THEN modality WHEN modality IS DISTINCT FROM 'CT' THEN 'DX' END AS kind,
    sample.chance(study.id, 'empty') AS luck, sample.chance(study.id, 'many exposures') AS many) AS drawn
LEFT JOIN sample.broken USING (id)
JOIN LATERAL (SELECT coalesce(max(room.id) FILTER (WHERE room.id = study.scanner),
                              sample.pick(array_agg(room.id ORDER BY room.id), study.id, 'room')) AS id
              FROM sample.room WHERE room.kind = drawn.kind) AS chosen ON drawn.kind IS NOT NULL
JOIN sample.room ON room.id = chosen.id
ORDER BY study.id;

-- One row per exposure, with the columns of all tables that it is split into. Coded columns hold ids of contextid.
-- Arrays have one element per row of a child table. Missing values are NULL, or have no row where that is possible.
CREATE TABLE sample.exposure (
    id integer, study integer, place integer, kind text, style text, named text,
        started timestamp, uid text, protocol text,
    comment text, type integer, plane integer, view integer, laterality integer, anatomy integer, region integer,
    relationship integer, orientation integer, orientation_modifier integer, modifiers integer[],
    dap numeric, entrance numeric, fibroglandular numeric,
    dose_rp numeric, reference_point text, agd numeric, pulse_rate numeric, pulses numeric, duration numeric,
    average_current numeric, exposure_time numeric, focal_spot numeric, area numeric, height numeric, width numeric,
    field_size integer, mode text, grid_distance numeric, target integer, fluoro_mode integer,
        grids integer[], filters text,
    kvp numeric[], current numeric[], pulse_width numeric[], exposure numeric[],
    primary_angle numeric, secondary_angle numeric, primary_end numeric, secondary_end numeric, column_angle numeric,
    thickness numeric, force numeric, magnification numeric,
    exposure_index numeric, target_index numeric, deviation numeric, relative numeric,
    detector_distance numeric, isocenter_distance numeric, surface_distance numeric,
        table_longitudinal numeric, table_lateral numeric,
    table_height numeric, radiological numeric
);

-- Ids increase with the study's id, and times mostly do.
CREATE TABLE sample.place AS
SELECT row_number() OVER (ORDER BY plan.id, place)::integer AS id, plan.id AS study, place, kind, style, named,
    CASE WHEN plan.id % 13 = 5 THEN plan.started + interval '30 minutes' - interval '7.25 seconds' * place
         ELSE plan.started + interval '37.0488 seconds' * place END AS started
FROM sample.plan CROSS JOIN LATERAL generate_series(1, plan.events) AS place;
ANALYZE sample.plan, sample.place, sample.names, sample.texts;
