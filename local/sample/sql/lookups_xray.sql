-- Create what projection X-ray and nuclear medicine choose from: rooms, filter sets, protocols and requests.

-- `style` is the way a device reports. It decides planes, rows per pulse and codes.
CREATE TABLE sample.room AS
SELECT 13 + row_number() OVER ()::integer AS id, given.*
FROM (VALUES
    ('RF', 'single', 'Northmoor Royal', 'SIEMENS', 'RFNM1', 'Luminous', 'Northmoor screening'),
    ('RF', 'single', 'Fenland Community', 'Philips', 'RFFC1', 'Veradius', 'Fenland C-arm, "mobile"'),
    ('RF', 'biplane', 'Northmoor Royal', 'SIEMENS', 'RFNM2', 'Artis Two', 'Northmoor biplane'),
    ('RF', 'biplane', 'Hôpital Sainte-Claire', 'TOSHIBA', 'RFSC1', 'Infinix', '=Sainte-Claire biplan'),
    ('RF', 'pulses', 'St Elsewhere''s, West Wing', 'Canon Inc.', 'RFSE1', 'Ultimax', 'St Elsewhere''s <RF>'),
    ('RF', 'single', NULL, NULL, NULL, NULL, NULL),
    ('MG', 'hologic', 'Northmoor Royal', 'HOLOGIC, Inc.', 'MGNM1', 'Selenia Dim', 'Northmoor mammo'),
    ('MG', 'pristina', 'Northmoor Royal', 'GE HEALTHCARE', 'MGNM2', 'Pristine', 'Northmoor mammo 2'),
    ('MG', 'giotto', 'Cliff Top Clinic', 'IMS GIOTTO', 'MGCT1', 'Class 1', 'Clifftop'),
    ('MG', 'image', 'Fenland Community', 'GE MEDICAL SYSTEMS', 'MGFC1', 'Senograph', 'Fenland mammo'),
    ('MG', 'image', 'Mobile Unit', 'LORAD', '00042', 'M-V', '00042'),
    ('MG', 'cem', 'Hôpital Sainte-Claire', 'GE HEALTHCARE', 'MGSC1', 'Pristine CE', 'Sainte-Claire – CEM'),
    ('DX', 'full', 'Northmoor Royal', 'Philips', 'DXNM1', 'Didigal', 'Northmoor room 1'),
    ('DX', 'full', 'Fenland Community', 'SIEMENS', 'DXFC1', 'Yslio', 'FENLAND room'),
    ('DX', 'pulses', 'St Elsewhere''s, West Wing', 'Carestream', 'DXSE1', 'DRX', 'St Elsewhere''s DX'),
    ('DX', 'bare', 'Cliff Top Clinic', 'KODAK;old', ' DXCT ', 'CR 975', '-2+3'),
    ('NM', 'pet', 'Northmoor Royal', 'SIEMENS', 'NMNM1', 'Biograffe', 'Northmoor PET'),
    ('NM', 'gamma', 'Northmoor Royal', 'GE MEDICAL SYSTEMS', 'NMNM2', 'Discovered', 'Northmoor gamma, "old"'),
    ('NM', 'gamma', NULL, 'Mediso', NULL, 'AnyScanner', 'Sainte-Claire gamma')
) AS given (kind, style, institution, manufacturer, station, model, display_name);

INSERT INTO remapp_uniqueequipmentnames
    (id, manufacturer, institution_name, station_name, manufacturer_model_name, device_serial_number,
     display_name, hash_generated)
SELECT id, manufacturer, institution, station, model, to_char(4200 + id, 'FM00000'), display_name, false
FROM sample.room;

-- An event names its filter set. Minima and maxima are in mm. Material and thickness can be missing.
CREATE TABLE sample.filter AS
SELECT name, row_number() OVER (PARTITION BY name ORDER BY place) AS place, sample.code(material) AS material,
    low, high, sample.code(type) AS type
FROM (VALUES
    (1, 'Al', 'C-120F9', 1.0, 1.0, '113653'),
    (2, 'Cu', 'C-127F9', 0.2, 0.2, '113650'),
    (3, 'Al+Cu', 'C-120F9', 1.0, 1.0, '113653'), (4, 'Al+Cu', 'C-127F9', 0.1, 0.1, '113651'),
    (5, 'Cu+Al', '66925006', 0.3, 0.3, '113650'), (6, 'Cu+Al', '12503006', 1.0, 1.0, NULL),
    (7, 'same thickness', 'C-120F9', 0.5, 0.5, '113653'), (8, 'same thickness', 'C-127F9', 0.5, 0.5, '113650'),
    (9, 'same thickness', 'LOCAL-K', 0.5, 0.5, '113650'),
    (10, 'range', 'C-127F9', 0.05, 0.10005, '113651'),
    (11, 'half', 'C-120F9', 0.00005, 0.00010, '113651'),
    (12, 'only minimum', 'C-127F9', 0.6, NULL, '113650'), (13, 'only maximum', 'C-127F9', NULL, 0.9, '113650'),
    (14, 'no thickness', 'C-127F9', NULL, NULL, '113650'), (15, 'no thickness', 'C-120F9', NULL, NULL, '113653'),
    (16, 'no material', NULL, 1.0, 1.0, '111609'), (17, 'nothing', NULL, NULL, NULL, '111609'),
    (18, 'Cu and no material', 'C-127F9', 0.1, 0.1, '113650'), (19, 'Cu and no material', NULL, NULL, NULL, NULL),
    (20, 'Cu twice', 'C-127F9', 0.1, 0.1, '113650'), (21, 'Cu twice', 'C-127F9', 0.2, 0.2, '113650'),
    (22, 'zero', 'C-127F9', 0, 0, '113650'),
    (23, 'all short names', '45215009', 0.1, 0.1, NULL), (24, 'all short names', '71128006', 0.03, 0.03, NULL),
    (25, 'all short names', '59801003', 0.025, 0.025, NULL), (26, 'all short names', '41967008', 0.05, 0.05, NULL),
    (27, 'all short names', '767776000', 0.1, 0.1, NULL), (28, 'all short names', '767775001', 0.1, 0.1, NULL),
    (29, 'all short names', '88488004', 0.1, 0.1, NULL), (30, 'all short names', 'C-12000', 0.1, 0.1, NULL),
    (31, 'all short names', '12597001', 0.1, 0.1, NULL), (32, 'all short names', 'LOCAL-CU', 0.1, 0.1, NULL),
    (33, 'no meaning', 'X-NONE', 0.1, 0.1, 'X-NONE'), (34, 'awkward', 'LOCAL-1', 0.1, 0.1, 'LOCAL-2'),
    (40, 'Mo', 'C-150F9', 0.03, 0.03, '113650'), (41, 'Rh', 'C-167F9', 0.025, 0.025, '113650'),
    (42, 'Rh by text', '59801003', NULL, NULL, NULL), (43, 'Ag', 'C-137F9', 0.05, 0.05, '113650'),
    (44, 'Ag twice', 'C-137F9', 0.03, 0.03, '113650'), (45, 'Ag twice', 'C-137F9', 0.03, 0.03, '113650'),
    (46, 'MG Al', 'C-120F9', 0.7, 0.7, '113650'), (47, 'MG Cu', 'C-127F9', 0.25, 0.35, '113650'),
    (48, 'MG Ti', 'LOCAL-TI', 1.0, 1.0, '113650'), (49, 'Sn', '12597001', 0.5, 0.5, '113650'),
    (50, 'Rh and Ag', 'C-167F9', 0.03, 0.03, NULL), (51, 'Rh and Ag', 'C-137F9', 0.03, 0.03, NULL)
) AS given (place, name, material, low, high, type)
UNION ALL SELECT 'Ag tenfold', place, sample.code('C-137F9'), 0.03, 0.03, sample.code('113650')
    FROM generate_series(1, 10) AS place
UNION ALL SELECT 'Ag elevenfold', place, sample.code('C-137F9'), 0.05, 0.05, sample.code('113650')
    FROM generate_series(1, 11) AS place;

-- Awkward texts for every modality, in addition to CT's forty-five.
CREATE TABLE sample.texts AS
SELECT awkward || ARRAY['_x0041_', '_x0041_ _x000d_ _X000D_',
    E'a\r\rb', '=HYPERLINK("http://example.invalid","x")', '+', '=', '-5',
                        '''=1+1', E'\u2028line\u2029', '007', '1.50', '2024-01-01', '12:00', '1,5',
                            '[Red]0', '&[File]'] AS awkward
FROM sample.text;

CREATE TABLE sample.names AS
SELECT * FROM (VALUES
    ('RF', ARRAY['Coronary 15 fps', 'Fluoro low', 'FL Card', 'Ba Swallow', 'Skelet',
        'DSA Abdomen 2 fps', 'Gastro 7.5f/s Middle',
                 NULL, '', 'fluoro low', 'Roadmap', 'Single Shot', 'Summary', 'All data', 'About',
                     '(standard)_Fluoro', 'unknown',
                 '=1+1', 'Cardiac acquisition left anterior oblique 1', 'Cardiac acquisition left anterior oblique 2',
                 'Neck [contrast]: a/b\c*?', ' spaced out ', E'two\nlines', '''Quoted''']),
    ('MG', ARRAY['ROUTINE', 'R CC', 'L MLO', 'Standard', 'Conventional', 'Flat Field',
        NULL, '', 'AOP standard', 'Implant, displaced',
                 '=1+1', 'Summary', E'two\nlines', 'View [special]: a/b\c*?']),
    ('MG words', ARRAY['SCOUT', 'Post clip', 'PostClip R', 'prefire', 'BIOPSY 2', 'Post-fire', 'POSTFIRE',
        'Stereotactic', 'stereo', 'Specimen',
                       'specimin', 'ARTEFACT check', 'artifact']),
    ('MG tomo', ARRAY['Flat Field Tomo', 'Combo', 'DBT L CC', '3D', 'ComboHD', 'Tomosynthesis']),
    ('DX', ARRAY['Chest PA', 'Chest AP', 'Abdomen', 'Knee AP', 'Knee lat', 'Hand', NULL, '', 'chest pa', 'Pelvis',
        'PANORAMIC', 'AEC', 'Summary',
                 'ALL DATA', 'about', 'unknown', '=1+1', 'Thoracic and lumbar spine standing lateral 1',
                 'Thoracic and lumbar spine standing lateral 2', '''Quoted''', E'two\nlines', 'Foot: left*right?']),
    ('RF study', ARRAY['Coronary angiography', 'Barium swallow', 'ERCP', 'Fluoroscopy, urology', NULL, '']),
    ('MG study', ARRAY['Mammogram bilateral', 'Mammogram left', 'MAMMO SCREENING', 'XR Mammogram both', NULL]),
    ('DX study', ARRAY['XR Chest', 'XR Knee Rt', 'XR Abdomen', '- - - - -', 'XR Pelvis', NULL, '']),
    ('NM study', ARRAY['PET FDG whole body', 'NM Bone whole body', 'NM Thyroid', 'NM Bone Whole Body', NULL, '',
                       'PET study with a very long description number 1',
                           'PET study with a very long description number 2']),
    ('RF request', ARRAY['Coronary angiogram', 'Swallow, barium', 'Fluoroscopy of ureter', NULL, '']),
    ('MG request', ARRAY['Mammogram', 'Breast screening', NULL]),
    ('DX request', ARRAY['XR Chest', 'XR Knee', 'XR Abdomen supine', NULL, '']),
    ('NM request', ARRAY['PET CT', 'Bone scan', NULL])
) AS given (kind, names);

-- One value per pulse. Some of the values are 0 or NULL.
CREATE FUNCTION sample.pulses(id bigint, what text, rows integer, low float8, high float8) RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT array_agg(CASE floor(40 * sample.chance(id * 16 + pulse, what || ''gap'')) WHEN 0 THEN 0 WHEN 1 THEN NULL
        ELSE round((low + (high - low) * sample.chance(id * 16 + pulse, what))::numeric, 2) END ORDER BY pulse)
    FROM generate_series(1, rows) AS pulse';

-- OpenREM's own levels of a high dose: cGy·cm², Gy and Gy.
INSERT INTO remapp_highdosemetricalertsettings (
    alert_total_dap_rf, alert_total_rp_dose_rf, alert_skindose, accum_dose_delta_weeks,
    changed_accum_dose_delta_weeks, show_accum_dose_over_delta_weeks, calc_accum_dose_over_delta_weeks_on_import,
    send_high_dose_metric_alert_emails_ref, send_high_dose_metric_alert_emails_skin)
VALUES (20000, 2, 2, 12, true, true, true, false, false);
