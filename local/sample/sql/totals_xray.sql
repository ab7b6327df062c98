-- Create the device's totals: one row per plane with its fluoroscopy and acquisitions, and a glandular dose per breast.

CREATE TABLE sample.sum AS
SELECT study, plane, count(*) AS events, sum(dap) AS dap, sum(dose_rp) AS rp,
    sum(dap) FILTER (WHERE fluoroscopy) AS fluoro_dap, sum(dose_rp) FILTER (WHERE fluoroscopy) AS fluoro_rp,
    sum(duration) FILTER (WHERE fluoroscopy) AS fluoro_time,
    sum(dap) FILTER (WHERE NOT fluoroscopy) AS acquired_dap, sum(dose_rp) FILTER (WHERE NOT fluoroscopy) AS acquired_rp,
    sum(duration) FILTER (WHERE NOT fluoroscopy) AS acquired_time
FROM sample.exposure
CROSS JOIN LATERAL (SELECT coalesce(type IN (sample.code('P5-06000'), sample.code('44491008')),
    true) AS fluoroscopy) AS typed
GROUP BY study, plane;

CREATE INDEX ON sample.sum (study);
ANALYZE sample.sum;

-- A biplane room reports both planes, used or not. A named study reports the planes that it used.
CREATE TABLE sample.accum AS
SELECT row_number() OVER (ORDER BY report, named = 'RF plane B before A' AND code_value = '113621' DESC,
                                   code_value)::integer AS id,
    planned.*, CASE WHEN named IS NULL THEN 0.02 ELSE 0 END AS share
FROM (SELECT id AS report, study, kind, style, named, unnest(CASE
          WHEN style = 'biplane' THEN sample.codes('113620', '113621')
          WHEN named IS NULL OR used IS NULL THEN sample.codes('113622')
          ELSE used END) AS plane
      FROM sample.report
      CROSS JOIN LATERAL (SELECT array_agg(sum.plane) AS used FROM sample.sum
                          WHERE named IS NOT NULL AND sum.study = report.study
                              AND sum.plane IS NOT NULL) AS named_planes
     ) AS planned
JOIN remapp_contextid AS coded ON coded.id = plane;
CREATE INDEX ON sample.accum (study);
ANALYZE sample.accum;

INSERT INTO remapp_accumxraydose (id, acquisition_plane_id, projection_xray_radiation_dose_id)
SELECT id, plane, report FROM sample.accum;

-- Devices that report little have a row without values, a recorded 0, or no row.
INSERT INTO remapp_accumintegratedprojradiogdose
    (id, dose_area_product_total, dose_rp_total, total_number_of_radiographic_frames, accumulated_xray_dose_id)
SELECT row_number() OVER (ORDER BY accum.id),
    CASE WHEN kind = 'DX' AND named IS NULL AND accum.study % 40 = 6 THEN 0
        ELSE sample.gap(dap, accum.id, 'total dap', share) END,
    CASE WHEN kind = 'RF' OR accum.id % 2 = 0 THEN sample.gap(rp, accum.id, 'total rp', share) END,
    CASE WHEN kind = 'DX' AND named IS NULL AND accum.study % 23 = 4 THEN 2
        ELSE sample.gap(events, accum.id, 'frames', 5 * share) END, accum.id
FROM sample.accum LEFT JOIN sample.sum USING (study, plane)
WHERE kind = 'RF' OR kind = 'DX' AND (style <> 'bare' OR study % 2 = 0);

INSERT INTO remapp_accumprojxraydose
    (id, fluoro_dose_area_product_total, fluoro_dose_rp_total, total_fluoro_time, acquisition_dose_area_product_total,
     acquisition_dose_rp_total, total_acquisition_time, dose_area_product_total, dose_rp_total,
         accumulated_xray_dose_id)
SELECT row_number() OVER (ORDER BY accum.id),
    sample.gap(fluoro_dap, accum.id, 'fluoro dap', share), sample.gap(fluoro_rp, accum.id, 'fluoro rp', share),
    sample.gap(least(round(fluoro_time, 2), 99999.99), accum.id, 'fluoro time', share),
        sample.gap(acquired_dap, accum.id, 'acquired dap', share),
    sample.gap(acquired_rp, accum.id, 'acquired rp', share),
        sample.gap(acquired_time, accum.id, 'acquired time', share), dap, rp, accum.id
FROM sample.accum LEFT JOIN sample.sum USING (study, plane)
WHERE kind = 'RF';

CREATE TABLE sample.breast AS
SELECT study, side, sum(agd) AS agd
FROM sample.exposure CROSS JOIN LATERAL (SELECT
    CASE WHEN laterality IN (sample.code('G-A101'), sample.code('7771000'), sample.code('T-04030')) THEN 'T-04030'
         WHEN laterality IN (sample.code('G-A100'), sample.code('24028007'), sample.code('T-04020')) THEN 'T-04020'
         WHEN laterality IS NOT NULL THEN 'T-04000' END AS side) AS sided
WHERE kind = 'MG'
GROUP BY study, side;
INSERT INTO remapp_accummammographyxraydose (id, accumulated_average_glandular_dose,
    accumulated_xray_dose_id, laterality_id)
SELECT row_number() OVER (ORDER BY accum.id, side), round(agd, 4), accum.id, sample.code(side)
FROM sample.accum JOIN sample.breast USING (study)
WHERE side IS NOT NULL;

-- The values that OpenREM computes when it imports a study.
CREATE TABLE sample.worked_out AS
SELECT study AS id, sum(events) AS events, sum(events) FILTER (WHERE b IS NOT TRUE) AS events_a,
    sum(events) FILTER (WHERE b) AS events_b,
    coalesce(sum(dap), 0) AS dap, sum(dap) FILTER (WHERE b IS NOT TRUE) AS dap_a, sum(dap) FILTER (WHERE b) AS dap_b,
    sum(rp) FILTER (WHERE b IS NOT TRUE) AS rp_a, sum(rp) FILTER (WHERE b) AS rp_b, count(DISTINCT plane) AS planes
FROM sample.sum CROSS JOIN LATERAL (SELECT plane = sample.code('113621') AS b) AS sided
GROUP BY study;
ANALYZE sample.breast, sample.worked_out;
