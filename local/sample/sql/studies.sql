-- Create dose checks and study totals from the CT events, then the studies with patient and equipment.

INSERT INTO remapp_ctdosecheckdetails
    (id, dlp_alert_value_configured, ctdivol_alert_value_configured, dlp_alert_value, ctdivol_alert_value,
     accumulated_dlp_forward_estimate, accumulated_ctdivol_forward_estimate, alert_reason_for_proceeding,
     dlp_notification_value_configured, ctdivol_notification_value_configured, dlp_notification_value,
     ctdivol_notification_value, dlp_forward_estimate, ctdivol_forward_estimate,
     notification_reason_for_proceeding, ct_irradiation_event_data_id)
SELECT row_number() OVER (),
    sample.pick(ARRAY[true, true, false, NULL], id, 'dlp alert'),
    sample.pick(ARRAY[true, true, false, NULL], id, 'ctdivol alert'),
    sample.gap(sample.number(id, 'dlp limit', 500, 2000), id, 'dlp limit', 0.1),
    sample.gap(sample.number(id, 'ctdivol limit', 80, 1000), id, 'ctdivol limit', 0.1),
    sample.pick(ARRAY[NULL, 0, 1.005, 2.675, 1234.56789012], id, 'dlp estimate'),
    sample.pick(ARRAY[NULL, 0, 0.00000001, 250.125], id, 'ctdivol estimate'),
    CASE WHEN id % 3 = 0 THEN sample.pick(ARRAY['Clinical need', 'Large patient, agreed', ''], id, 'reason') END,
    sample.pick(ARRAY[true, false, false, NULL], id, 'dlp notification'),
    sample.pick(ARRAY[true, false, false, NULL], id, 'ctdivol notification'),
    sample.gap(round(sample.number(id, 'dlp notification', 300, 999), 4), id, 'dlp notification', 0.1),
    sample.gap(round(sample.number(id, 'ctdivol notification', 20, 90), 4), id, 'ctdivol notification', 0.1),
    sample.pick(ARRAY[NULL, 0, 0.0001, 987.6543], id, 'dlp notification estimate'),
    sample.pick(ARRAY[NULL, 0, 45.125], id, 'ctdivol notification estimate'),
    CASE WHEN id % 4 = 0 THEN sample.pick(awkward, id, 'notification reason') END, id
FROM sample.event CROSS JOIN sample.text
WHERE sample.chance(id, 'checked') < 0.2;

INSERT INTO remapp_personparticipant
    (person_name, person_role_in_procedure, ct_dose_check_details_alert_id, ct_dose_check_details_notification_id,
     person_role_in_procedure_cid_id)
SELECT sample.pick(ARRAY['Invented^Ida', 'O''Fiction, Fred', 'Dr. <Nobody>', NULL], id, 'person'), '',
    CASE WHEN id % 5 < 3 THEN id END, CASE WHEN id % 5 >= 3 THEN id END, 13
FROM remapp_ctdosecheckdetails
WHERE id % 2 = 0
ORDER BY id;

CREATE TABLE sample.total AS
SELECT event.study AS id, sum(dose.dlp) AS dlp,
    count(*) FILTER (WHERE code = 1) AS axial, count(*) FILTER (WHERE code = 2) AS spiral,
    count(*) FILTER (WHERE code = 3) AS constant, count(*) FILTER (WHERE code = 4) AS stationary
FROM sample.event
JOIN remapp_ctirradiationeventdata AS dose USING (id)
CROSS JOIN LATERAL (SELECT dose.ct_acquisition_type_id AS code) AS coded
GROUP BY event.study;

INSERT INTO remapp_generalstudymoduleattr
    (id, study_instance_uid, study_date, study_time, study_id, accession_number, accession_hashed,
     study_description, operator_name, modality_type, procedure_code_meaning, requested_procedure_code_meaning,
     number_of_events, number_of_axial, number_of_spiral, number_of_stationary, number_of_const_angle, total_dlp)
SELECT id, '2.25.' || abs(hashint8extended(id, 2)), sample.gap(started::date, id, 'date', 0.01),
    sample.gap(started::time, id, 'time', 0.01), 'S' || id % 10000,
    CASE WHEN hashed THEN encode(sha256(to_char(id, 'FM"ACC"0000000')::bytea), 'hex')
         WHEN id % 40 = 9 THEN to_char(id, 'FM0000000000000000')
         ELSE sample.gap(to_char(id, 'FM"ACC"0000000'), id, 'accession') END,
    hashed,
    CASE WHEN broken.description IS NOT NULL THEN broken.description
         WHEN id % 37 = 5 THEN sample.pick(awkward, id, 'description')
         ELSE sample.gap(sample.pick(ARRAY['CT Thorax', 'CT Abdomen/Pelvis', 'CT Head', 'CT Cardiac', 'CT Sinus'],
                                     id, 'description'), id, 'description') END,
    CASE WHEN id % 41 = 5 THEN sample.pick(awkward, id, 'operator')
         ELSE sample.gap(sample.pick(ARRAY['ABC', 'Fabricated^Fay', 'DE | FG'], id, 'operator'),
             id, 'operator', 0.1) END,
    modality, sample.gap('CT Thorax'::text, id, 'procedure', 0.5),
    CASE WHEN id % 43 = 5 THEN sample.pick(awkward, id, 'requested')
         ELSE sample.gap(sample.pick(ARRAY['CT Thorax with contrast', 'CT Thorax high resolution', 'CT Head, plain',
                                           'CT Abdomen', ''], id, 'requested'), id, 'requested', 0.05) END,
    sample.gap(study.events, id, 'events', 0.01), coalesce(axial, 0), coalesce(spiral, 0), coalesce(stationary, 0),
    coalesce(constant, 0), sample.gap(coalesce(dlp, 0), id, 'total dlp', 0.01)
FROM sample.study
LEFT JOIN sample.total USING (id)
LEFT JOIN sample.broken USING (id)
CROSS JOIN sample.text
CROSS JOIN LATERAL (SELECT coalesce(broken.name = 'hashed identity', id % 60 = 11) AS hashed) AS identity
WHERE modality = 'CT';

-- Identities are fictional, and recognisably so.
INSERT INTO remapp_patientmoduleattr
    (id, patient_name, name_hashed, patient_id, id_hashed, patient_birth_date, patient_sex, not_patient_indicator,
     general_study_module_attributes_id)
SELECT id, CASE WHEN hashed THEN encode(sha256(full_name::bytea), 'hex')
    ELSE sample.gap(full_name, id, 'name') END, hashed,
    CASE WHEN hashed THEN encode(sha256(number::bytea), 'hex') ELSE sample.gap(number, id, 'number') END, hashed,
    sample.gap(date '1930-01-01' + floor(32000 * sample.chance(id, 'born'))::integer, id, 'born'),
    sample.gap(sample.pick(ARRAY['F', 'M', 'F', 'M', 'F', 'M', 'O', ''], id, 'sex'), id, 'sex'),
    CASE id % 50 WHEN 13 THEN 'ID matches *phantom*' WHEN 14 THEN '' END, id
FROM sample.study
LEFT JOIN sample.broken USING (id)
CROSS JOIN LATERAL (SELECT
    coalesce(broken.name LIKE '%hashed identity', id % 60 = 11) AS hashed,
    sample.pick(ARRAY['Fictional', 'Invented', 'O''Nobody', 'Sample, Jr', 'Übungs'], id,
        'family') || '^Patient ' || id AS full_name,
    CASE WHEN id % 4 = 0 THEN to_char(id, 'FM0000000000') ELSE 'FICT-' || id END AS number) AS made_up;

INSERT INTO remapp_patientstudymoduleattr
    (id, patient_age, patient_age_decimal, patient_size, patient_weight, general_study_module_attributes_id)
SELECT id, to_char(age, 'FM000"Y"'),
    sample.gap(CASE id % 200 WHEN 17 THEN -7976.7 WHEN 18 THEN 0 ELSE round(age::numeric, 1) END, id, 'age'),
    sample.gap(sample.number(id, 'height', 0.5, 2), id, 'height', 0.2),
    sample.gap(CASE WHEN id % 200 = 19 THEN 0 ELSE sample.number(id, 'mass', 3, 160) END, id, 'mass', 0.2), id
FROM sample.study
CROSS JOIN LATERAL (SELECT 99 * sample.chance(id, 'age') AS age) AS drawn;

INSERT INTO remapp_generalequipmentmoduleattr
    (id, manufacturer, institution_name, station_name, manufacturer_model_name, device_serial_number,
     general_study_module_attributes_id, unique_equipment_name_id)
SELECT study.id, manufacturer, institution, station, model, to_char(4200 + scanner.id, 'FM00000'),
    study.id, sample.gap(scanner.id, study.id, 'equipment')
FROM sample.study
JOIN (SELECT id, manufacturer, institution, station, model FROM sample.scanner
      UNION ALL SELECT id, manufacturer, institution, station, model
          FROM sample.room) AS scanner ON scanner.id = study.scanner;

INSERT INTO remapp_ctradiationdose
    (id, start_of_xray_irradiation, comment, general_study_module_attributes_id, has_intent_id,
     procedure_reported_id, scope_of_accumulation_id, source_of_dose_information_id)
SELECT id, started AT TIME ZONE 'Europe/London',
    CASE WHEN id % 11 = 5 THEN sample.pick(awkward, id, 'study comment')
         WHEN id % 4 = 1 THEN E'Comments on radiation dose: Series #3, CTDIvol=7.2\r\nTotal DLP=1102.4' END,
    id, 9, 10, 11, 12
FROM sample.study CROSS JOIN sample.text
WHERE modality IN ('CT', 'NM') AND id NOT IN (SELECT id FROM sample.other);

INSERT INTO remapp_ctaccumulateddosedata
    (id, total_number_of_irradiation_events, ct_dose_length_product_total, ct_radiation_dose_id)
SELECT id, sample.gap(events, id, 'declared'), sample.gap(coalesce(dlp, 0), id, 'declared dlp'), id
FROM sample.study LEFT JOIN sample.total USING (id)
WHERE modality IN ('CT', 'NM') AND id NOT IN (SELECT id FROM sample.other);

INSERT INTO remapp_generalstudymoduleattr_standard_names (generalstudymoduleattr_id, standardnames_id)
SELECT study.id, name.id
FROM remapp_generalstudymoduleattr AS study
JOIN remapp_standardnames AS name
    ON study.modality_type = 'CT' AND name.modality = 'CT'
    AND (study.study_description = name.study_description
         OR study.requested_procedure_code_meaning = name.requested_procedure_code_meaning)
ORDER BY 1, 2;

INSERT INTO remapp_ctirradiationeventdata_standard_protocols (ctirradiationeventdata_id, standardnames_id)
SELECT event.id, name.id
FROM sample.event
JOIN remapp_standardnames AS name ON event.name = name.acquisition_protocol AND name.modality = 'CT'
ORDER BY 1, 2;
