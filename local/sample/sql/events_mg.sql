-- Create the exposures of mammography: four views, then repeats and rarer views. The room decides how an exposure
-- is reported: Hologic pairs of tomosynthesis (W/Al) and 2D, Pristina with a pre-pulse or ten rows, Giotto with
-- eleven rows, contrast pairs of low and high energy, and images. An image always has type 113611; only its words
-- and filters show what it is.

INSERT INTO sample.exposure
    (id, study, place, kind, style, started, uid, protocol, comment, type, plane, view, laterality,
        anatomy, region, modifiers,
     dap, entrance, fibroglandular, agd, pulses, average_current, exposure_time, focal_spot, area, mode, target, grids,
     filters, kvp, current, pulse_width, exposure, primary_angle, secondary_angle, thickness, force, magnification,
     detector_distance, surface_distance, radiological)
SELECT id, study, place, 'MG', style, sample.gap(place.started, id, 'started', 0.01),
    sample.gap('2.25.' || abs(hashint8extended(CASE WHEN id % 300 = 0 THEN id - 1 ELSE id END, 3)), id, 'uid', 0.003),
    CASE WHEN id % 80 = 0 THEN sample.pick(awkward, id, 'protocol') WHEN id % 33 = 1 THEN sample.pick(words, id, 'word')
         WHEN tomo AND style <> 'giotto' OR id % 99 = 2 THEN sample.pick(tomo_names, id, 'protocol')
         ELSE sample.pick(names, id, 'protocol') END,
    CASE WHEN id % 20 = 0 THEN sample.pick(awkward, id, 'comment')
        WHEN id % 2 = 0 THEN 'AOP standard RECTANGLE 1242 mm' END,
    sample.gap(CASE WHEN tomo AND style <> 'image' THEN sample.code('113613')
        ELSE sample.code('113611') END, id, 'type', 0.01),
    sample.gap(sample.code('113622'), id, 'plane', 0.05),
    CASE WHEN id % 70 = 9 THEN NULL
         WHEN position > 3 OR id % 25 = 3 THEN sample.pick(other_views, id, 'view')
         WHEN position < 2 THEN sample.pick(cc_views, id, 'view') ELSE sample.pick(mlo_views, id, 'view') END,
    CASE WHEN id % 75 = 9 THEN NULL WHEN id % 75 = 10 THEN sample.code('G-A102')
         WHEN position % 2 = 0 THEN sample.pick(rights, id, 'side') ELSE sample.pick(lefts, id, 'side') END,
    sample.gap(sample.code('T-04000'), id, 'anatomy', 0.1),
    CASE WHEN style = 'giotto' THEN sample.code('T-04000') WHEN position % 2 = 0 THEN sample.code('T-04020')
        ELSE sample.code('T-04030') END,
    CASE id % 30 WHEN 1 THEN sample.codes('R-102D6') WHEN 2 THEN sample.codes('399163009', 'R-102D7')
        WHEN 3 THEN sample.codes('399055006')
                 WHEN 4 THEN ARRAY[NULL]::integer[] WHEN 5 THEN ARRAY[NULL, sample.code('R-102D2')]
                     WHEN 6 THEN sample.codes('R-102D5') END,
    CASE WHEN id % 5 = 0 THEN round((0.000001 * luck)::numeric, 10) END,
    sample.gap(round((1 + 12 * luck)::numeric, 4), id, 'esd', 0.1), CASE
        WHEN id % 2 = 0 THEN round((100 * luck)::numeric, 2) END,
    CASE WHEN id % 60 = 5 THEN 0 ELSE sample.gap(round((0.4 + 3 * luck)::numeric, 3), id, 'agd') END,
    CASE style WHEN 'giotto' THEN 11 WHEN 'pristina' THEN rows END,
    sample.gap(sample.number(id, 'average', 30, 190), id, 'average', 0.05),
    CASE WHEN style <> 'giotto' THEN sample.gap(round((100 + 1900 * luck)::numeric, 2), id, 'time') END,
    sample.gap(sample.pick(ARRAY[0.3, 0.3, 0.1], id, 'spot'), id, 'spot'),
    sample.gap(sample.pick(ARRAY[0.043200, 0.069600, 0.007821], id, 'area'), id, 'area', 0.1),
    sample.pick(ARRAY['AUTO', 'AUTOMATIC', 'AUTOMATIC', 'MANUAL', 'AEC', 'TEC', 'automatic', 'manual', '',
        NULL, '=AUTO'], id, 'mode'),
    CASE WHEN id % 90 = 6 THEN NULL WHEN id % 90 = 7 THEN sample.code('LOCAL-W')
        WHEN id % 90 = 8 THEN sample.code('LOCAL-K')
         WHEN style = 'pristina' THEN sample.code('C-167F9')
         WHEN style = 'image' THEN sample.code(sample.pick(ARRAY['C-150F9', 'C-167F9', 'C-164F9'], study, 'target'))
         ELSE sample.code('C-164F9') END,
    CASE WHEN id % 3 = 0 THEN sample.codes('111643') END,
    CASE id % 90 WHEN 10 THEN 'none' WHEN 11 THEN 'no material' WHEN 12 THEN 'Cu and no material'
        WHEN 13 THEN 'Rh and Ag' WHEN 14 THEN 'awkward'
         ELSE CASE style WHEN 'pristina' THEN CASE WHEN tomo THEN 'Ag tenfold' ELSE 'Ag twice' END
              WHEN 'giotto' THEN 'Ag elevenfold'
              WHEN 'hologic' THEN CASE WHEN tomo THEN 'MG Al'
                  ELSE sample.pick(ARRAY['Rh', 'Ag', 'Rh by text'], id, 'filter') END
              WHEN 'cem' THEN CASE WHEN place % 2 = 1 THEN 'Rh'
                  ELSE sample.pick(ARRAY['MG Cu', 'MG Ti', 'Sn'], study, 'filter') END
              ELSE CASE WHEN tomo THEN 'MG Al' ELSE sample.pick(ARRAY['Mo', 'Rh', 'Rh', 'no thickness'],
                  id, 'filter') END END END,
    CASE WHEN id % 120 = 7 THEN NULL WHEN rows > 1 THEN sample.pulses(id, 'kvp', rows, 25, 35)
         ELSE ARRAY[CASE WHEN id % 120 = 9 THEN NULL WHEN style = 'cem' AND place % 2 = 0 THEN 49
             ELSE sample.number(id, 'kvp', 24, 35) END] END,
    CASE WHEN rows > 1 THEN sample.pulses(id, 'current', rows, 20, 120)
        WHEN style <> 'image' THEN ARRAY[sample.number(id, 'current', 30, 180)] END,
    CASE WHEN style = 'giotto' THEN NULL WHEN rows > 1 THEN sample.pulses(id, 'pulse',
        rows - (id % 40 = 0)::integer, 1, 600) END,
    CASE WHEN style = 'pristina' THEN NULL WHEN rows > 1 THEN sample.pulses(id, 'uAs', rows, 5000, 15000)
         ELSE CASE id % 100 WHEN 17 THEN NULL WHEN 18 THEN ARRAY[NULL]::numeric[] WHEN 19 THEN ARRAY[0]
                            ELSE ARRAY[round((10000 + 150000 * luck)::numeric, 2)] END END,
    CASE WHEN style = 'giotto' THEN -13.73165 WHEN style <> 'image'
        THEN sample.pick(ARRAY[0, 45, -45], id, 'angle') END,
    CASE WHEN style <> 'image' THEN 0 END,
    CASE id % 110 WHEN 21 THEN 0 WHEN 22 THEN 128
        ELSE sample.gap(sample.number(id, 'thickness', 18, 92), id, 'thickness') END,
    sample.gap(sample.number(id, 'force', 20, 180), id, 'force', 0.1),
    sample.gap(CASE WHEN id % 30 < 3 AND id % 30 > 0 THEN 1.8 ELSE 1 END, id, 'magnification', 0.2),
    sample.gap(sample.pick(ARRAY[650, 660, 700], id, 'sdd'), id, 'sdd', 0.2),
        sample.gap(sample.number(id, 'surface', 550, 640), id, 'surface', 0.4),
    CASE WHEN id % 4 = 0 THEN round((20 + 60 * luck)::numeric, 1) END
FROM sample.place
CROSS JOIN (SELECT max(names::text) FILTER (WHERE kind = 'MG')::text[] AS names,
    max(names::text) FILTER (WHERE kind = 'MG words')::text[] AS words,
                   max(names::text) FILTER (WHERE kind = 'MG tomo')::text[] AS tomo_names
                       FROM sample.names) AS protocols
CROSS JOIN (SELECT awkward FROM sample.texts) AS texts
CROSS JOIN (SELECT
    sample.codes('R-10242', 'R-10242', '399162004', 'LOCAL-CC') AS cc_views,
    sample.codes('R-10226', 'R-10226', '399368009', 'LOCAL-MLO') AS mlo_views,
    sample.codes('R-10224', '399260004', 'R-10228', '399352003', 'R-10230', '399099002', 'R-10244',
        '399196006', 'R-102D0', '399188001',
                 'R-40AAA', '441555000', 'R-1024A', '399192008', 'R-1024B', '399101009', 'G-8310',
                     '127457009', 'LOCAL-ML', 'LOCAL-FB',
                 'LOCAL-XCC', 'LOCAL-SPEC', 'LOCAL-ODD', 'R-10242', 'R-10226', 'X-NONE') AS other_views,
    sample.codes('G-A100', 'G-A100', '24028007', 'T-04020') AS rights,
    sample.codes('G-A101', 'G-A101', '7771000', 'T-04030') AS lefts) AS coded
CROSS JOIN LATERAL (SELECT sample.chance(id, 'luck') AS luck,
    CASE WHEN style IN ('hologic', 'cem') THEN (place - 1) / 2 ELSE place - 1 END AS position,
    CASE style WHEN 'hologic' THEN place % 2 = 1 WHEN 'pristina' THEN study % 3 = 0
        WHEN 'giotto' THEN true WHEN 'cem' THEN false
               ELSE sample.chance(study, 'tomo') < 0.15 END AS tomo) AS drawn
CROSS JOIN LATERAL (SELECT CASE style WHEN 'pristina' THEN CASE WHEN tomo THEN 10 ELSE 2 END WHEN 'giotto' THEN 11
    ELSE 1 END AS rows) AS merged
WHERE kind = 'MG' AND named IS NULL;
