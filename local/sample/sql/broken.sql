-- Give each study of sample.broken its defect. Every export must handle all of them. Other studies are unchanged.

-- Declared IMMUTABLE because their tables no longer change. PostgreSQL then evaluates each call once per statement.
CREATE FUNCTION sample.the(wanted text) RETURNS integer IMMUTABLE
RETURN (SELECT id FROM sample.broken WHERE name = wanted);
CREATE FUNCTION sample.first_event(wanted text) RETURNS integer IMMUTABLE
RETURN (SELECT min(id) FROM sample.event WHERE study = sample.the(wanted));

-- Copy some rows. Each copy gets a new id and other values, to distinguish it from the original.
CREATE PROCEDURE sample.copy(child text, of_column text, value integer, changes jsonb) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO %1$I SELECT (jsonb_populate_record(old, $2 || jsonb_build_object(''id'',
             (SELECT max(id) FROM %1$I) + row_number() OVER (ORDER BY old.id)))).*
         FROM %1$I AS old WHERE old.%2$I = $1', 'remapp_' || child, of_column) USING value, changes;
END
$$;

CALL sample.copy('patientmoduleattr', 'general_study_module_attributes_id', sample.the('two patient rows'),
                 '{"patient_name": "Second^Row", "patient_sex": "O"}');
CALL sample.copy('patientstudymoduleattr', 'general_study_module_attributes_id',
                 sample.the('two patient study rows'), '{"patient_age_decimal": 111}');
CALL sample.copy('generalequipmentmoduleattr', 'general_study_module_attributes_id',
                 sample.the('two equipment rows'), '{"institution_name": "Second row"}');
CALL sample.copy('ctaccumulateddosedata', 'ct_radiation_dose_id', sample.the('two totals'),
                 '{"total_number_of_irradiation_events": 2, "ct_dose_length_product_total": 0.125}');
CALL sample.copy('scanninglength', 'ct_irradiation_event_data_id', sample.first_event('two scanning lengths'),
                 '{"scanning_length": 222}');

DELETE FROM remapp_patientmoduleattr
WHERE general_study_module_attributes_id IN (sample.the('no patient row'), sample.the('bare rows'));
DELETE FROM remapp_patientstudymoduleattr
WHERE general_study_module_attributes_id IN (sample.the('no patient study row'), sample.the('bare rows'));
DELETE FROM remapp_generalequipmentmoduleattr
WHERE general_study_module_attributes_id IN (sample.the('no equipment row'), sample.the('bare rows'));
DELETE FROM remapp_ctaccumulateddosedata
WHERE ct_radiation_dose_id IN (sample.the('no dose row'), sample.the('no totals'), sample.the('bare rows'));
DELETE FROM remapp_ctradiationdose WHERE id = sample.the('no dose row');
DELETE FROM remapp_scanninglength
WHERE ct_irradiation_event_data_id = sample.first_event('no scanning length');
UPDATE remapp_generalequipmentmoduleattr SET unique_equipment_name_id = NULL
WHERE general_study_module_attributes_id = sample.the('no equipment name');

-- The last two of the four events belong to the second dose row. Each dose row has its own totals.
UPDATE remapp_ctaccumulateddosedata SET total_number_of_irradiation_events = 2
WHERE ct_radiation_dose_id = sample.the('two dose rows');
CALL sample.copy('ctradiationdose', 'id', sample.the('two dose rows'), '{"comment": "second dose row"}');
CALL sample.copy('ctaccumulateddosedata', 'ct_radiation_dose_id', sample.the('two dose rows'),
                 '{"ct_dose_length_product_total": 7.25}');
UPDATE remapp_ctaccumulateddosedata SET ct_radiation_dose_id = (SELECT max(id) FROM remapp_ctradiationdose)
WHERE id = (SELECT max(id) FROM remapp_ctaccumulateddosedata) AND ct_radiation_dose_id = sample.the('two dose rows');
UPDATE remapp_ctirradiationeventdata SET ct_radiation_dose_id = (SELECT max(id) FROM remapp_ctradiationdose)
WHERE id IN (sample.first_event('two dose rows') + 2, sample.first_event('two dose rows') + 3);

DELETE FROM remapp_ctxraysourceparameters
WHERE ct_irradiation_event_data_id IN
    (SELECT event.id FROM sample.event JOIN sample.broken ON broken.id = study WHERE broken.name LIKE '%tube%');
INSERT INTO remapp_ctxraysourceparameters (id, identification_of_the_xray_source, kvp, ct_irradiation_event_data_id)
SELECT (SELECT max(id) FROM remapp_ctxraysourceparameters) + row_number() OVER (), tube, kvp, event
FROM (VALUES ('three tubes', 'A', 100), ('three tubes', 'B', 140), ('three tubes', 'C', 70),
             ('tube B without A', 'B', 140)) AS given (name, tube, kvp)
CROSS JOIN LATERAL (SELECT sample.first_event(name) AS event) AS found
WHERE event IS NOT NULL;

UPDATE remapp_ctaccumulateddosedata SET total_number_of_irradiation_events = 9
WHERE ct_radiation_dose_id = sample.the('more events declared');
UPDATE remapp_ctaccumulateddosedata SET total_number_of_irradiation_events = 1
WHERE ct_radiation_dose_id = sample.the('fewer events declared');

-- Two dose checks of one event, each with an alert and a notification, and one check that two persons authorized.
DELETE FROM remapp_ctdosecheckdetails WHERE ct_irradiation_event_data_id IN
    (sample.first_event('two dose checks'), sample.first_event('two authorizing persons'));
INSERT INTO remapp_ctdosecheckdetails
    (id, dlp_alert_value_configured, dlp_alert_value, alert_reason_for_proceeding,
     ctdivol_notification_value_configured, ctdivol_notification_value, ct_irradiation_event_data_id)
SELECT (SELECT max(id) FROM remapp_ctdosecheckdetails) + row_number() OVER (), true, 100 * place, 'reason ' || place,
    true, place, event
FROM (VALUES ('two dose checks', 1), ('two dose checks', 2), ('two authorizing persons', 3)) AS given (name, place)
CROSS JOIN LATERAL (SELECT sample.first_event(name) AS event) AS found
WHERE event IS NOT NULL;
DELETE FROM remapp_personparticipant AS person
WHERE NOT EXISTS (SELECT FROM remapp_ctdosecheckdetails AS found WHERE found.id =
    coalesce(person.ct_dose_check_details_alert_id, person.ct_dose_check_details_notification_id));
INSERT INTO remapp_personparticipant (person_name, person_role_in_procedure, ct_dose_check_details_alert_id)
SELECT name, '', found.id
FROM remapp_ctdosecheckdetails AS found CROSS JOIN unnest(ARRAY['First^Person', 'Second | Person']) AS name
WHERE found.ct_irradiation_event_data_id = sample.first_event('two authorizing persons');

UPDATE remapp_patientmoduleattr SET not_patient_indicator =
    CASE general_study_module_attributes_id WHEN sample.the('indicator empty') THEN '' ELSE 'phantom, "QA"' END
WHERE general_study_module_attributes_id IN (sample.the('indicator empty'), sample.the('indicator text'));
UPDATE remapp_generalstudymoduleattr SET study_date = NULL WHERE id = sample.the('no date');
UPDATE remapp_generalstudymoduleattr SET study_time = NULL WHERE id = sample.the('no time');

-- Each event of this study has a different awkward text. Together, the events have all of them.
UPDATE remapp_ctirradiationeventdata AS event
SET comment = awkward[place], xray_modulation_type = awkward[cardinality(awkward) + 1 - place]
FROM sample.text, sample.event AS staged
WHERE staged.id = event.id AND staged.study = sample.the('all text awkward');

UPDATE remapp_ctirradiationeventdata
SET exposure_time = 99999999.99999999, mean_ctdivol = 0.00000001, dlp = 0, pitch_factor = -0.00000010,
    nominal_total_collimation_width = 12345678.90000000, number_of_xray_sources = 0
WHERE id = sample.first_event('extreme numbers');
UPDATE remapp_generalstudymoduleattr SET total_dlp = 99999999.99999999 WHERE id = sample.the('extreme numbers');
UPDATE remapp_ctirradiationeventdata SET ctdiw_phantom_type_id = 15, ct_acquisition_type_id = 15
WHERE id = sample.first_event('no phantom meaning');

-- Edited rows move within their table, as in a real archive: a query without ORDER BY returns them out of order.
UPDATE remapp_generalstudymoduleattr SET study_id = study_id WHERE id % 97 = 3;
UPDATE remapp_ctirradiationeventdata SET irradiation_event_label = NULL WHERE id % 97 = 3;
UPDATE remapp_ctxraysourceparameters SET xray_filter_aluminum_equivalent = NULL WHERE id % 97 = 3;
