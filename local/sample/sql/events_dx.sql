-- Create the exposures of radiography, each with a position and a detector.

INSERT INTO sample.exposure
    (id, study, place, kind, style, started, uid, protocol, comment, type, plane, view, laterality,
        anatomy, region, relationship,
     orientation, orientation_modifier, modifiers, dap, entrance, dose_rp, average_current,
         exposure_time, focal_spot, area, mode,
     grid_distance, grids, filters, kvp, current, pulse_width, exposure, exposure_index,
         target_index, deviation, relative,
     detector_distance, isocenter_distance, surface_distance, table_height)
SELECT id, study, place, 'DX', style, sample.gap(place.started, id, 'started', 0.01),
    sample.gap('2.25.' || abs(hashint8extended(CASE WHEN id % 300 = 0 THEN id - 1 ELSE id END, 3)), id, 'uid', 0.003),
    CASE WHEN id % 60 = 0 THEN sample.pick(awkward, id, 'protocol') ELSE sample.pick(names, id, 'protocol') END,
    CASE WHEN id % 12 = 0 THEN sample.pick(awkward, id, 'comment') WHEN id % 12 = 1 THEN 'OTHER' END,
    sample.gap(sample.code('113611'), id, 'type', 0.01), sample.gap(sample.code('113622'), id, 'plane', 0.01),
    sample.code(sample.pick(ARRAY['R-10206', 'R-10206', 'R-10214', 'R-10236',
        NULL, 'LOCAL-1', 'LOCAL-3', 'X-NONE'], id, 'view')),
    sample.code(sample.pick(ARRAY['G-A101', '24028007', NULL, NULL], id, 'side')),
    sample.code(sample.pick(ARRAY['T-D3000', 'T-D4000', 'T-D9200', 'T-D8800', 'T-15710', 'T-11100', 'LOCAL-2',
        'X-NONE', NULL], id, 'anatomy')),
    sample.code(sample.pick(ARRAY['T-D3000', 'T-D4000', NULL], id, 'region')),
    sample.code(sample.pick(ARRAY['F-10470', NULL, NULL], id, 'relationship')),
    sample.code(sample.pick(ARRAY['F-10450', 'F-10440', NULL], id, 'orientation')),
    sample.code(sample.pick(ARRAY['F-10340', NULL], id, 'modifier')),
    CASE WHEN id % 20 = 0 THEN sample.codes('R-102D6') END,
    CASE WHEN id % 50 = 4 THEN 0 WHEN style = 'bare' THEN NULL ELSE sample.gap(dap, id, 'dap') END,
    sample.gap(round(dap * 30000, 8), id, 'entrance', 0.5), CASE WHEN id % 3 = 0 THEN round(dap * 70, 12) END,
    sample.gap(sample.number(id, 'average', 20, 800), id, 'average', 0.05), sample.gap(time, id, 'time', 0.05),
    sample.pick(ARRAY[0.6, 1, 1.2, NULL], id, 'spot'),
        sample.gap(round((0.02 + 0.15 * luck)::numeric, 6), id, 'area', 0.2),
    sample.pick(ARRAY['AUTOMATIC', 'MANUAL', 'AUTO', NULL, '', '=1+1', 'a, "b"'], id, 'mode'),
    CASE WHEN id % 3 = 1 THEN sample.pick(ARRAY[1800, 1828.8, 1016, 0], id, 'grid') END,
    CASE id % 5 WHEN 0 THEN sample.codes('111646') WHEN 1 THEN sample.codes('111643', '111642') END,
    sample.pick(ARRAY['none', 'none', 'Al', 'Al', 'Al+Cu', 'Cu', 'Cu+Al', 'nothing', 'no material',
        'no thickness', 'range', 'half',
                      'only minimum', 'only maximum', 'same thickness', 'Cu and no material',
                          'Cu twice', 'awkward', 'no meaning',
                      'all short names'], id, 'filters'),
    CASE WHEN id % 60 = 7 THEN NULL WHEN rows > 1 THEN sample.pulses(id, 'kvp', rows, 40, 150)
         ELSE ARRAY[CASE id % 60 WHEN 8 THEN 0 WHEN 9 THEN NULL ELSE sample.number(id, 'kvp', 40, 150) END] END,
    CASE WHEN id % 60 = 17 THEN NULL WHEN rows > 1 THEN sample.pulses(id, 'current', rows, 10, 800)
         ELSE ARRAY[CASE id % 60 WHEN 19 THEN NULL ELSE sample.number(id, 'current', 5, 900) END] END,
    CASE WHEN id % 4 = 0 THEN NULL WHEN rows > 1 THEN sample.pulses(id, 'pulse', rows - (id % 5 = 0)::integer, 2, 80)
         ELSE ARRAY[sample.number(id, 'pulse', 1, 400)] END,
    CASE WHEN id % 3 = 0 THEN NULL WHEN rows > 1 AND id % 2 = 0 THEN sample.pulses(id, 'uAs', rows, 10, 9000)
         ELSE ARRAY[CASE id % 60 WHEN 4 THEN 0 WHEN 5 THEN NULL
             ELSE round(sample.number(id, 'uAs', 100, 90000), 2) END] END,
    sample.gap(sample.number(id, 'ei', 100, 900), id, 'ei', 0.2),
        sample.gap(sample.number(id, 'tei', 200, 500), id, 'tei', 0.4),
    sample.gap(sample.number(id, 'di', -5, 5), id, 'di', 0.4),
        sample.gap(sample.number(id, 'relative', 10, 2000), id, 'relative', 0.4),
    sample.gap(sample.pick(ARRAY[1000, 1100, 1150.5, 1800, 0], id, 'sdd'), id, 'sdd', 0.1),
    sample.gap(sample.number(id, 'isocenter', 700, 1000), id, 'isocenter', 0.5),
    sample.gap(sample.number(id, 'surface', 600, 1500), id, 'surface', 0.5),
        sample.gap(sample.number(id, 'height', 0, 1000), id, 'height', 0.5)
FROM sample.place
CROSS JOIN (SELECT names FROM sample.names WHERE kind = 'DX') AS protocols
CROSS JOIN (SELECT awkward FROM sample.texts) AS texts
CROSS JOIN LATERAL (SELECT sample.chance(id, 'luck') AS luck,
                           round((0.0000005 * power(800, sample.chance(id, 'dap')))::numeric, 10) AS dap,
                           round((900 * sample.chance(id, 'time'))::numeric, 2) AS time,
                           CASE WHEN style = 'pulses' THEN 2 + id % 4 ELSE 1 END AS rows) AS drawn
WHERE kind = 'DX' AND place.named IS NULL;
