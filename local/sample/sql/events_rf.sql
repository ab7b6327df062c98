-- Create the exposures of fluoroscopy: runs that share position, protocol and field, so that they form groups.

INSERT INTO sample.exposure
    (id, study, place, kind, style, started, uid, protocol, comment, type, plane, region, relationship, orientation,
     orientation_modifier, dap, dose_rp, reference_point, pulse_rate, pulses, duration, average_current, exposure_time,
     focal_spot, area, height, width, field_size, mode, fluoro_mode, grids, filters, kvp,
     current, pulse_width, exposure, primary_angle, secondary_angle, primary_end, secondary_end, column_angle,
     detector_distance, isocenter_distance, table_longitudinal, table_lateral, table_height)
SELECT id, study, place, 'RF', style, sample.gap(place.started, id, 'started', 0.01),
    sample.gap('2.25.' || abs(hashint8extended(CASE WHEN id % 300 = 0 THEN id - 1 ELSE id END, 3)), id, 'uid', 0.003),
    sample.pick(names, run, 'protocol'),
    CASE WHEN id % 40 = 0 THEN sample.pick(awkward, id, 'comment') END,
    sample.gap(type, id, 'type', 0.005),
    sample.gap(CASE WHEN style <> 'biplane' THEN sample.code('113622')
                    WHEN sample.chance(id, 'plane') < 0.6 THEN sample.code('113620')
                        ELSE sample.code('113621') END, id, 'plane', 0.005),
    CASE WHEN id % 9 = 0 THEN sample.code('T-D4000') WHEN id % 9 = 1 THEN sample.code('LOCAL-1')
        WHEN id % 9 < 6 THEN 14 END,
    sample.gap(sample.pick(sample.codes('F-10470', 'F-10470', 'F-10480'), study, 'relationship'),
        id, 'relationship', 0.1),
    sample.gap(sample.code('F-10450'), study, 'orientation', 0.2),
    sample.gap(sample.pick(sample.codes('F-10340', 'F-10340', 'F-10310'), study, 'modifier'), study, 'modifier', 0.2),
    CASE WHEN id % 150 = 4 THEN 0 ELSE sample.gap(dap, id, 'dap') END,
    CASE WHEN id % 150 = 5 THEN 0 ELSE sample.gap(round(dap * 151.5151515, 12), id, 'rp') END,
    CASE WHEN id % 60 = 3 THEN sample.pick(awkward, id, 'rp')
        WHEN id % 3 > 0 THEN '15cm from Isocenter toward Source' END,
    CASE WHEN fluoroscopy THEN sample.pick(ARRAY[3.75, 7.5, 7.5, 15, 15, 30, 0, NULL], run, 'rate')
         ELSE sample.pick(ARRAY[NULL, NULL, NULL, 0, 2, 4, 30], run, 'rate') END,
    sample.gap(ceil(200 * luck)::numeric, id, 'pulses', 0.1),
        sample.gap(round(luck::numeric * 20, 3), id, 'duration', 0.1),
    sample.gap(sample.number(id, 'average', 5, 800), id, 'average', 0.1),
    sample.gap(round(luck::numeric * 900, 2), id, 'exposure time', 0.05),
    sample.pick(ARRAY[0.3, 0.6, 1, NULL], run, 'spot'),
    sample.gap(round((0.005 + 0.1 * sample.chance(id, 'area'))::numeric, 8), id, 'area', 0.3),
    CASE WHEN id % 4 = 1 THEN round((43 + 100 * luck)::numeric, 3) END,
    CASE WHEN id % 4 = 1 THEN round((50 + 90 * luck)::numeric, 3) END,
    sample.pick(ARRAY[110, 160, 220, 220, 320, 420, 0, NULL], run, 'field'),
    sample.pick(ARRAY['AUTO', 'MANUAL', NULL, '=AEC'], run, 'mode'),
    CASE WHEN fluoroscopy THEN sample.code(sample.pick(ARRAY['113631', '113631', '113630', NULL],
        run, 'fluoro mode')) END,
    CASE id % 11 WHEN 0 THEN sample.codes('111646') WHEN 1 THEN sample.codes('111641', '111642') WHEN 2 THEN NULL
                 ELSE sample.codes('111642') END,
    CASE WHEN sample.chance(id, 'other filters') < 0.9 THEN sample.pick(filters, run, 'filters')
        ELSE sample.pick(filters, id, 'filters') END,
    CASE WHEN id % 120 = 7 THEN NULL WHEN rows > 1 THEN sample.pulses(id, 'kvp', rows, 55, 120)
         ELSE ARRAY[CASE id % 120 WHEN 8 THEN 0 WHEN 9 THEN NULL ELSE sample.number(id, 'kvp', 50, 125) END] END,
    CASE WHEN id % 120 = 17 THEN NULL WHEN rows > 1 THEN sample.pulses(id, 'current', rows, 10, 800)
         ELSE ARRAY[CASE id % 120 WHEN 18 THEN 0 WHEN 19 THEN NULL ELSE sample.number(id, 'current', 5, 900) END] END,
    CASE WHEN id % 120 = 27 THEN NULL WHEN rows > 1 THEN sample.pulses(id, 'pulse', rows - (id % 7 = 0)::integer, 2, 12)
         ELSE ARRAY[CASE id % 120 WHEN 28 THEN 0 WHEN 29 THEN NULL ELSE sample.number(id, 'pulse', 1, 40) END] END,
    CASE WHEN id % 3 = 0 THEN NULL WHEN rows > 1 AND id % 3 = 1 THEN sample.pulses(id, 'uAs', rows, 1, 900)
         ELSE ARRAY[round(sample.number(id, 'uAs', 10, 90000), 2)] END,
    sample.gap(sample.pick(ARRAY[0, 0, 0, 30, -30, 90, -90, 45.5, 5, -25.5],
        run, 'primary') + sample.pick(jitter, id, 'primary'),
               id, 'primary', 0.03),
    sample.gap(sample.pick(ARRAY[0, 0, 0, 0, 20, -20, 5], run, 'secondary') + sample.pick(jitter, id,
        'secondary'), id, 'secondary', 0.03),
    CASE WHEN type = sample.code('113613') THEN sample.number(id, 'end', -100, 100) END,
    CASE WHEN type = sample.code('113613') THEN 0 END, CASE WHEN id % 6 = 0
        THEN sample.pick(ARRAY[0, 12.5], id, 'column') END,
    sample.gap(sample.number(id, 'sdd', 900, 1200), id, 'sdd'), sample.gap(765, study, 'isocenter', 0.1),
    sample.gap(sample.number(id, 'longitudinal', -100, 900), id, 'longitudinal'),
    sample.gap(sample.number(id, 'lateral', -300, 2100), id, 'lateral'),
        sample.gap(sample.number(id, 'height', 0, 1000), id, 'height')
FROM sample.place
CROSS JOIN (SELECT names FROM sample.names WHERE kind = 'RF') AS protocols
CROSS JOIN (SELECT awkward FROM sample.texts) AS texts
CROSS JOIN (SELECT ARRAY[0, 0, 0, 0, 0, 0.1, -0.1, 5, -5, 5.1, -5.1] AS jitter,
                   ARRAY['Cu', 'Cu', 'Cu', 'Al', 'Al+Cu', 'Al+Cu', 'Cu+Al', 'none', 'nothing', 'no material',
                       'same thickness', 'range', 'zero',
                         'only minimum', 'only maximum', 'no thickness', 'Cu and no material',
                             'Cu twice', 'awkward', 'no meaning',
                         'all short names'] AS filters) AS chosen
CROSS JOIN LATERAL (SELECT study::bigint * 1000 + (place - 1) / 5 AS run, sample.chance(id, 'luck') AS luck,
                           sample.chance(id, 'type') AS lot,
                           round((0.0000001 * power(1500, sample.chance(id, 'dap')))::numeric, 10) AS dap,
                           CASE WHEN style = 'pulses' THEN 2 + id % 9 ELSE 1 END AS rows) AS drawn
CROSS JOIN LATERAL (SELECT lot < 0.7 AS fluoroscopy,
    sample.code(CASE WHEN lot < 0.5 THEN 'P5-06000' WHEN lot < 0.7 THEN '44491008' WHEN lot < 0.9 THEN '113611'
                     WHEN lot < 0.95 THEN '113612' ELSE '113613' END) AS type) AS typed
WHERE kind = 'RF' AND (named IS NULL OR named = 'RF giant');
