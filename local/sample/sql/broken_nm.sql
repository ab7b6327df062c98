-- Give the named studies of nuclear medicine their defects.

CREATE FUNCTION sample.dose_of(wanted text) RETURNS integer STABLE
RETURN (SELECT dose.id FROM sample.dose WHERE named = 'NM ' || wanted);

-- A second administration in the same report, and one in a second report.
CALL sample.copy('radiopharmaceuticaladministrationeventdata', 'radiopharmaceutical_radiation_dose_id',
    sample.dose_of('two administrations'),
                 '{"administered_activity": 22.5, "radiopharmaceutical_agent_id": null,
                     "radiopharmaceutical_agent_string": "Second"}');
CALL sample.copy('radiopharmaceuticalradiationdose', 'id', sample.dose_of('two radiopharmaceutical rows'),
    '{"comment": "second report"}');
CALL sample.copy('radiopharmaceuticaladministrationeventdata', 'radiopharmaceutical_radiation_dose_id',
    sample.dose_of('two radiopharmaceutical rows'),
                 jsonb_build_object('administered_activity', 33.5,
                                    'radiopharmaceutical_radiation_dose_id',
                                        sample.last('radiopharmaceuticalradiationdose')));
CALL sample.copy('petseries', 'radiopharmaceutical_radiation_dose_id', sample.dose_of('two radiopharmaceutical rows'),
                 jsonb_build_object('number_of_slices', 7,
                                    'radiopharmaceutical_radiation_dose_id',
                                        sample.last('radiopharmaceuticalradiationdose')));
CALL sample.copy('radiopharmaceuticaladministrationpatientcharacteristics', 'radiopharmaceutical_radiation_dose_id',
                 sample.dose_of('two characteristics'), '{"body_surface_area": 9.5}');

CREATE TABLE sample.gone AS
SELECT id, named LIKE '%radiopharmaceutical row' AS all_of_it FROM sample.dose
WHERE named IN ('NM no administration', 'NM no radiopharmaceutical row');
DELETE FROM remapp_personparticipant WHERE radiopharmaceutical_administration_event_data_id IN (SELECT id + 5
    FROM sample.gone);
DELETE FROM remapp_organdose WHERE radiopharmaceutical_administration_event_data_id IN (SELECT id + 5 FROM sample.gone);
DELETE FROM remapp_radiopharmaceuticaladministrationeventdata WHERE id IN (SELECT id + 5 FROM sample.gone);
DELETE FROM remapp_patientstate
WHERE radiopharmaceutical_administration_patient_characteristics_id IN (SELECT id + 9 FROM sample.gone WHERE all_of_it);
DELETE FROM remapp_glomerularfiltrationrate
WHERE radiopharmaceutical_administration_patient_characteristics_id IN (SELECT id + 9 FROM sample.gone WHERE all_of_it);
DELETE FROM remapp_radiopharmaceuticaladministrationpatientcharacteristics
    WHERE id IN (SELECT id + 9 FROM sample.gone WHERE all_of_it);
DELETE FROM remapp_petseries WHERE radiopharmaceutical_radiation_dose_id IN (SELECT id
    FROM sample.gone WHERE all_of_it);
DELETE FROM remapp_radiopharmaceuticalradiationdose WHERE id IN (SELECT id FROM sample.gone WHERE all_of_it);

UPDATE remapp_radiopharmaceuticaladministrationeventdata
SET radiopharmaceutical_agent_id = NULL,
    radiopharmaceutical_agent_string = CASE WHEN id = sample.dose_of('agent as text') + 5 THEN 'Kit "A", =in house' END
WHERE id IN (sample.dose_of('agent as text') + 5, sample.dose_of('no agent') + 5);
UPDATE remapp_radiopharmaceuticaladministrationpatientcharacteristics SET recent_physical_activity = 'None'
WHERE id = sample.dose_of('activity None') + 9;

-- London local times: 09:00 and 01:00 in July, and 01:30 in the hour that October repeats.
UPDATE remapp_radiopharmaceuticaladministrationeventdata
SET radiopharmaceutical_start_datetime = '2024-07-01 08:00:00.25+00',
    radiopharmaceutical_stop_datetime = '2024-07-01 08:00:30+00'
WHERE id = sample.dose_of('summer time') + 5;
UPDATE remapp_petseries SET series_datetime = '2024-07-01 00:00:00+00'
    WHERE radiopharmaceutical_radiation_dose_id = sample.dose_of('summer time');
CALL sample.copy('petseries', 'radiopharmaceutical_radiation_dose_id', sample.dose_of('summer time'),
    '{"series_datetime": "2024-10-27 00:30:00+00"}');

UPDATE remapp_radiopharmaceuticaladministrationeventdata
SET radiopharmaceutical_agent_id = 15, radionuclide_id = 15, route_of_administration_id = 15, laterality_id = 15
WHERE id = sample.dose_of('no meanings') + 5;
UPDATE remapp_organdose SET finding_site_id = 15, laterality_id = 15, reference_authority_code_id = 15
WHERE radiopharmaceutical_administration_event_data_id = sample.dose_of('no meanings') + 5;
UPDATE remapp_radiopharmaceuticaladministrationeventdata SET administered_activity = 0, effective_dose = 0,
    radionuclide_half_life = 0
WHERE id = sample.dose_of('zero dose') + 5;
UPDATE remapp_radiopharmaceuticaladministrationeventdata
SET administered_activity = 99999999.99999999, effective_dose = 0.00000001, radionuclide_half_life = -1
WHERE id = sample.dose_of('extreme numbers') + 5;

-- One participant and one organ per awkward text.
INSERT INTO remapp_personparticipant (person_name, person_role_in_procedure,
    radiopharmaceutical_administration_event_data_id)
SELECT text, '', sample.dose_of('all text awkward') + 5 FROM sample.texts, unnest(awkward) AS text
WHERE sample.dose_of('all text awkward') IS NOT NULL;
INSERT INTO remapp_organdose (id, measurement_method, reference_authority_text,
    radiopharmaceutical_administration_event_data_id)
SELECT (SELECT max(id) FROM remapp_organdose) + nth, text, text, sample.dose_of('all text awkward') + 5
FROM sample.texts, unnest(awkward) WITH ORDINALITY AS given (text, nth)
WHERE sample.dose_of('all text awkward') IS NOT NULL;
UPDATE remapp_radiopharmaceuticalradiationdose SET comment = (SELECT string_agg(text, E'\r\n')
    FROM sample.texts, unnest(awkward) AS text)
WHERE id = sample.dose_of('all text awkward');

UPDATE remapp_organdose SET mass = mass WHERE id % 17 = 3;
UPDATE remapp_petseries SET series_uid = series_uid WHERE id % 7 = 3;
