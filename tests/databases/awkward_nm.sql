-- Every way in which a study of nuclear medicine can be awkward. study_description names it: `case: …`.

CREATE FUNCTION pg_temp.study(given text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT id FROM remapp_generalstudymoduleattr WHERE study_description = 'case: ' || given $$;
CREATE FUNCTION pg_temp.rad(given text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT min(id) FROM remapp_radiopharmaceuticalradiationdose
    WHERE general_study_module_attributes_id = pg_temp.study(given) $$;
CREATE FUNCTION pg_temp.adm(given text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT min(id) FROM remapp_radiopharmaceuticaladministrationeventdata
    WHERE radiopharmaceutical_radiation_dose_id = pg_temp.rad(given) $$;

UPDATE remapp_generalstudymoduleattr study SET study_description = 'case: ' || name
FROM unnest(ARRAY['several administrations', 'no report', 'two reports', 'no administration', 'empty second report',
    'two characteristics', 'doubled rows', 'missing rows', 'clocks', 'no date', 'no time', 'many children', 'texts',
    'numbers', 'no agent', 'no codes']) WITH ORDINALITY AS given (name, n)
JOIN (SELECT study.id, row_number() OVER (ORDER BY study.id) AS n FROM remapp_generalstudymoduleattr study
      JOIN remapp_radiopharmaceuticalradiationdose rad ON rad.general_study_module_attributes_id = study.id
      JOIN remapp_radiopharmaceuticaladministrationeventdata adm ON adm.radiopharmaceutical_radiation_dose_id = rad.id
      WHERE study.modality_type = 'NM' AND coalesce(study_description, '') NOT LIKE 'broken:%'
      GROUP BY study.id HAVING count(*) = 1) AS found USING (n)
WHERE study.id = found.id;

CREATE FUNCTION pg_temp.bare(administration integer) RETURNS void LANGUAGE sql AS $$
    DELETE FROM remapp_organdose WHERE radiopharmaceutical_administration_event_data_id = administration;
    DELETE FROM remapp_personparticipant WHERE radiopharmaceutical_administration_event_data_id = administration $$;
CREATE FUNCTION pg_temp.drop_administration(administration integer) RETURNS void LANGUAGE sql AS $$
    SELECT pg_temp.bare(administration);
    DELETE FROM remapp_radiopharmaceuticaladministrationeventdata WHERE id = administration $$;

INSERT INTO remapp_radiopharmaceuticaladministrationeventdata (id, radiopharmaceutical_radiation_dose_id,
    radiopharmaceutical_agent_string, administered_activity, radiopharmaceutical_start_datetime)
VALUES (900002, pg_temp.rad('several administrations'), '=second(), "quoted"', 12.5, '2021-07-01 09:00:00.25+00'),
    (900001, pg_temp.rad('several administrations'), 'inserted later, of a lower id', 0, NULL);
INSERT INTO remapp_personparticipant (id, person_name, person_role_in_procedure,
    radiopharmaceutical_administration_event_data_id)
SELECT 900000 - n, 'Participant ' || n, 'Technologist', 900002 FROM generate_series(1, 12) n;

UPDATE remapp_radiopharmaceuticalradiationdose SET general_study_module_attributes_id = pg_temp.study('two reports')
    WHERE id = pg_temp.rad('no report');

SELECT pg_temp.drop_administration(pg_temp.adm('no administration'));

INSERT INTO remapp_radiopharmaceuticalradiationdose (id, general_study_module_attributes_id, comment)
    VALUES (-1, pg_temp.study('empty second report'), 'of the lower id, and without an administration');

DELETE FROM remapp_glomerularfiltrationrate;
DELETE FROM remapp_patientstate;
DELETE FROM remapp_radiopharmaceuticaladministrationpatientcharacteristics
    WHERE radiopharmaceutical_radiation_dose_id = pg_temp.rad('two characteristics');
INSERT INTO remapp_radiopharmaceuticaladministrationpatientcharacteristics
    (id, radiopharmaceutical_radiation_dose_id, glucose)
    VALUES (900002, pg_temp.rad('two characteristics'), 2), (900001, pg_temp.rad('two characteristics'), 1);
INSERT INTO remapp_patientstate (id, patient_state_id,
    radiopharmaceutical_administration_patient_characteristics_id)
SELECT 900000 + n, (SELECT min(id) FROM remapp_contextid), CASE WHEN n < 3 THEN 900001 ELSE 900002 END
    FROM generate_series(1, 9) n;
INSERT INTO remapp_glomerularfiltrationrate (id, glomerular_filtration_rate,
    radiopharmaceutical_administration_patient_characteristics_id)
SELECT 900000 + n, n, CASE WHEN n < 2 THEN 900001 ELSE 900002 END FROM generate_series(1, 4) n;

INSERT INTO remapp_patientmoduleattr (id, general_study_module_attributes_id, patient_name, name_hashed, id_hashed)
    VALUES (-1, pg_temp.study('doubled rows'), 'Lowest^Id', false, false);
INSERT INTO remapp_patientstudymoduleattr (id, general_study_module_attributes_id, patient_weight)
    VALUES (-1, pg_temp.study('doubled rows'), 11);
INSERT INTO remapp_generalequipmentmoduleattr (id, general_study_module_attributes_id, station_name)
    VALUES (-1, pg_temp.study('doubled rows'), 'LOWEST');

DELETE FROM remapp_patientmoduleattr WHERE general_study_module_attributes_id = pg_temp.study('missing rows');
DELETE FROM remapp_patientstudymoduleattr WHERE general_study_module_attributes_id = pg_temp.study('missing rows');
DELETE FROM remapp_generalequipmentmoduleattr WHERE general_study_module_attributes_id = pg_temp.study('missing rows');

UPDATE remapp_radiopharmaceuticaladministrationeventdata
    SET radiopharmaceutical_start_datetime = '2021-03-28 00:59:59.5+00',
        radiopharmaceutical_stop_datetime = '2021-03-28 01:00:00+00' WHERE id = pg_temp.adm('clocks');
INSERT INTO remapp_petseries (id, radiopharmaceutical_radiation_dose_id, series_datetime)
    VALUES (900001, pg_temp.rad('clocks'), '2021-10-31 00:30:00+00'),
        (900002, pg_temp.rad('clocks'), '2021-10-31 01:30:00+00');

UPDATE remapp_generalstudymoduleattr SET study_date = NULL WHERE id = pg_temp.study('no date');
UPDATE remapp_generalstudymoduleattr SET study_time = NULL WHERE id = pg_temp.study('no time');

INSERT INTO remapp_petseries (id, radiopharmaceutical_radiation_dose_id, number_of_slices)
    SELECT 910000 + n, pg_temp.rad('many children'), n FROM generate_series(1, 11) n;
INSERT INTO remapp_organdose (id, radiopharmaceutical_administration_event_data_id, organ_dose)
    SELECT 910000 + n, pg_temp.adm('many children'), n FROM generate_series(1, 25) n;

UPDATE remapp_radiopharmaceuticalradiationdose SET comment = E'-1 \\N tab\t"quoted", line\r\nend '
    WHERE id = pg_temp.rad('texts');
SELECT pg_temp.bare(pg_temp.adm('texts'));
INSERT INTO remapp_personparticipant (id, person_name, person_role_in_procedure,
    radiopharmaceutical_administration_event_data_id)
SELECT 920000 + n, name, '', pg_temp.adm('texts') FROM unnest(ARRAY[
    E'tab\t, line\nend, return\rend, bell\x07', E'"quoted" \\ \\N \\u0041', '=1+1', 'null', '', NULL, 'Ünïcode 😀  ',
    '[["x"]]', ' spaces ', '{0} %s %']) WITH ORDINALITY AS given (name, n);

SELECT pg_temp.bare(pg_temp.adm('numbers'));
INSERT INTO remapp_organdose (id, radiopharmaceutical_administration_event_data_id, organ_dose, mass)
SELECT 930000 + n, pg_temp.adm('numbers'), value, value FROM unnest(ARRAY[0, 0.00000001, 99999999.99999999, -0.5,
    100, 'NaN', NULL]::numeric[]) WITH ORDINALITY AS given (value, n);

UPDATE remapp_radiopharmaceuticaladministrationeventdata
    SET radiopharmaceutical_agent_id = NULL, radiopharmaceutical_agent_string = NULL
    WHERE id = pg_temp.adm('no agent');
UPDATE remapp_radiopharmaceuticaladministrationeventdata
    SET radionuclide_id = NULL, route_of_administration_id = NULL, laterality_id = NULL,
        radiopharmaceutical_agent_id = NULL, radiopharmaceutical_agent_string = 'as text'
    WHERE id = pg_temp.adm('no codes');
