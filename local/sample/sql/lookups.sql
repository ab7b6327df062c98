-- Create what studies and events choose from: codes, scanners, protocols, awkward texts and the broken studies.
-- The schema `sample` holds what is needed only while filling; end.sql drops it.

CREATE SCHEMA sample;

-- A reproducible number in [0, 1), unlike random().
CREATE FUNCTION sample.chance(id bigint, what text) RETURNS float8 IMMUTABLE PARALLEL SAFE
RETURN (hashtextextended(what, id) & 2147483647) / 2147483648.0::float8;

CREATE FUNCTION sample.pick(choices anycompatiblearray, id bigint, what text) RETURNS anycompatible
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT choices[1 + floor(cardinality(choices) * sample.chance(id, what))::integer]';

-- The value, or NULL in a share of the rows, because nullable columns are sometimes NULL.
CREATE FUNCTION sample.gap(value anyelement, id bigint, what text, share float8 DEFAULT 0.02) RETURNS anyelement
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT CASE WHEN sample.chance(id, ''gap in '' || what) >= share THEN value END';

-- A number between low and high with 0, 2, 4 or 8 decimals, as devices write them.
CREATE FUNCTION sample.number(id bigint, what text, low float8, high float8) RETURNS numeric
IMMUTABLE PARALLEL SAFE
RETURN round((low + (high - low) * sample.chance(id, what))::numeric, (ARRAY[0, 2, 4, 8])[1 + id % 4]);

INSERT INTO remapp_contextid (id, code_value, code_meaning, cid_table) VALUES
    (1, '113804', 'Sequenced Acquisition', ''),
    (2, 'P5-08001', 'Spiral Acquisition', ''),
    (3, '113805', 'Constant Angle Acquisition', ''),
    (4, '113806', 'Stationary Acquisition', ''),
    (5, '113807', 'Free Acquisition', ''),
    (6, '113690', 'IEC Head Dosimetry Phantom', ''),
    (7, '113691', 'IEC Body Dosimetry Phantom', ''),
    (8, '113682', 'ACR Accreditation Phantom - CT', ''),
    (9, 'R-408C3', 'Diagnostic Intent', ''),
    (10, 'P5-08000', 'Computed Tomography X-Ray', ''),
    (11, '113014', 'Study', ''),
    (12, '113856', 'Automated Data Collection', ''),
    (13, '113850', 'Irradiation Authorizing', ''),
    (14, 'T-D3000', 'Chest', ''),
    (15, 'X-NONE', NULL, '');

-- Scanners: dual-source scanners have two tubes. All names are fictional.
CREATE TABLE sample.scanner AS
SELECT row_number() OVER ()::integer AS id, given.*
FROM (VALUES
    ('Northmoor Royal', 'SIEMENS', 'CTNM1', 'Force One', 'Northmoor CT 1', 2),
    ('Northmoor Royal', 'SIEMENS', 'CTNM2', 'Force One', 'Northmoor CT 2', 2),
    ('Northmoor Royal', 'GE MEDICAL SYSTEMS', 'CTNM3', 'Revolver 64', 'Northmoor A&E', 1),
    ('St Elsewhere''s, West Wing', 'GE MEDICAL SYSTEMS', 'CTSE1', 'Revolver 64', 'St Elsewhere''s CT, "old"', 1),
    ('St Elsewhere''s, West Wing', 'Philips', 'CTSE2', 'Shiny 128', 'St Elsewhere''s <new> CT', 1),
    ('Hôpital Sainte-Claire', 'TOSHIBA', 'CTSC1', 'Aquilon ONE', 'Sainte-Claire – scanner', 1),
    ('Hôpital Sainte-Claire', 'Canon Inc.', 'CTSC2', 'Aquilon Prism', '=Sainte-Claire 2', 1),
    ('Fenland Community', 'Philips', 'CTFC1', 'Shiny 16', 'Fenland', 1),
    ('Fenland Community', 'SIEMENS', 'CTFC2', 'Go Once', 'FENLAND', 1),
    ('Cliff Top Clinic', 'Neu;soft', ' CTCT 1 ', 'NeuViz 🩻', NULL, 1),
    ('Cliff Top Clinic', 'SIEMENS', '0007', 'Flash', '0007', 2),
    (NULL, NULL, NULL, NULL, 'Nameless scanner', 1),
    ('Mobile Unit', 'GE MEDICAL SYSTEMS', '-1', 'Revolver 16', '@mobile', 1)
) AS given (institution, manufacturer, station, model, display_name, tubes);

INSERT INTO remapp_uniqueequipmentnames
    (id, manufacturer, institution_name, station_name, manufacturer_model_name, device_serial_number,
     display_name, hash_generated)
SELECT id, manufacturer, institution, station, model, to_char(4200 + id, 'FM00000'), display_name, false
FROM sample.scanner;

-- Protocols, common ones first, because events choose low numbers more often. `type` is an id of contextid.
CREATE TABLE sample.protocol AS
SELECT row_number() OVER ()::integer AS id, given.*
FROM (VALUES
    ('Topogram', 3, 0.1, 450), ('Thorax Routine', 2, 7, 320), ('Abdomen Pelvis', 2, 11, 460),
    ('Head Routine', 1, 52, 150), ('Premonitoring', 4, 1.2, 10), ('Monitoring', 4, 6, 10),
    ('CAP Portal Venous', 2, 10, 640), ('CTPA', 2, 8, 280), ('Head Spiral', 2, 48, 170),
    ('Cervical Spine', 2, 18, 220), ('Sinus', 2, 9, 120), ('KUB low dose', 2, 3, 430),
    ('HRCT', 1, 4, 300), ('Cardiac CTA', 2, 25, 140), ('Calcium Score', 1, 3, 140),
    ('Lumbar Spine', 2, 19, 260), ('Angio Runoff', 2, 6, 1200), ('Perfusion', 4, 160, 80),
    (NULL, 2, 8, 300), ('thorax routine', 2, 7, 320), ('', 2, 8, 300), ('Biopsy, guided', 5, 5, 20),
    ('Thorax/Abdomen "combined"', 2, 9, 550), ('Neck [contrast]', 2, 12, 260), ('Foot: left*right?', 2, 5, 180),
    (E'Back\\slash', 2, 5, 200), ('Summary', 2, 6, 250), ('All data', 2, 6, 250), ('about', 2, 6, 250),
    ('History', 2, 6, 250), ('''Quoted''', 2, 6, 250), ('O''Brien''', 2, 6, 250),
    ('Thorax Abdomen Pelvis Portal Venous 70s 1', 2, 10, 640),
    ('Thorax Abdomen Pelvis Portal Venous 70s 2', 2, 10, 640), ('unknown', 2, 6, 250),
    ('=1+1', 2, 6, 250), ('Dünnschicht <&> 🫁', 2, 6, 250), ('  spaced out  ', 2, 6, 250),
    (E'two\nlines', 2, 6, 250), ('SUMMARY', 2, 6, 250), ('Neck (contrast)', 2, 12, 260)
) AS given (name, type, ctdi, length);

CREATE TABLE sample.text AS SELECT ARRAY[
    'a, b, c', 'she said "twice"', '"', E'first\nsecond', E'first\r\nsecond\r\n', E'\r', E'tab\there',
    E'back\\slash \\N', '\N', '\.', '=1+1', '+44 20 7946 0000', '-x', '- - - -', '@SUM(A1)', E'\t=1+1', E'\r=1+1',
    '<&> &amp; </c>', '<b>bold</b>', ']]>', '🫀 heart 👩‍⚕️', 'Ångström µGy·m²', '  spaces around  ', ' ', '',
    E'\x0bvertical \x01 tab\x1f', E'\x7f\u0085\ufffe', '_x000D_ literal', '_x005F_', '00123', '1e5', '1/2', 'TRUE',
    'semi;colon', '''apostrophe', 'http://example.invalid/a?b=c', 'e' || E'\u0301' || ' combining', '#REF!',
    repeat('long text ', 60), E'\ufefffirst', E'non\u00a0breaking', 'שלום', '{"json": [1, 2]}', '%s %d %', '_'
] AS awkward;

-- Studies that break common assumptions of exports. The description of each study names its defect.
CREATE TABLE sample.broken AS
SELECT given.*, 'broken: ' || given.name AS description
FROM (VALUES
    (106, 'two patient rows', 3), (107, 'two patient study rows', 3), (108, 'no patient row', 3),
    (109, 'no patient study row', 3), (110, 'two equipment rows', 3), (111, 'no equipment row', 3),
    (112, 'two dose rows', 4), (113, 'no dose row', 0), (114, 'two totals', 3), (115, 'no totals', 3),
    (116, 'two scanning lengths', 3), (117, 'no scanning length', 3), (118, 'three tubes', 3),
    (119, 'tube B without A', 3), (120, 'no tube', 3), (121, 'no events', 0),
    (122, 'more events declared', 3), (123, 'fewer events declared', 3), (124, 'two dose checks', 3),
    (125, 'two authorizing persons', 3), (127, 'sixty events', 60), (128, 'hashed identity', 3),
    (129, 'indicator empty', 3), (130, 'indicator text', 3), (131, 'no date', 3), (132, 'no time', 3),
    (133, 'all text awkward', 45), (134, 'extreme numbers', 3), (135, 'no equipment name', 3),
    (136, 'no phantom meaning', 3), (137, 'bare rows', 3)
) AS given (id, name, events)
WHERE current_setting('sample.studies')::integer >= 200;

INSERT INTO remapp_standardnamesettings (enable_standard_names) VALUES (false);
INSERT INTO remapp_standardnames (standard_name, modality, acquisition_protocol) VALUES
    ('Chest', 'CT', 'Thorax Routine'), ('Chest', 'CT', 'thorax routine'), ('Head, any', 'CT', 'Head Routine'),
    ('Head, any', 'CT', 'Head Spiral'), ('=Abdomen', 'CT', 'Abdomen Pelvis'), ('Chest', 'DX', 'Thorax Routine');
INSERT INTO remapp_standardnames (standard_name, modality, study_description) VALUES
    ('Chest study', 'CT', 'CT Thorax'), ('Head study', 'CT', 'CT Head');
INSERT INTO remapp_standardnames (standard_name, modality, requested_procedure_code_meaning) VALUES
    ('Chest request', 'CT', 'CT Thorax with contrast'), ('Chest study', 'CT', 'CT Thorax high resolution');
