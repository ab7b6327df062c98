-- Give the named studies of the other modalities their defects outside the exposures: missing or duplicate rows,
-- and studies without a date.

CREATE FUNCTION sample.last(child text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    found integer;
BEGIN
    EXECUTE format('SELECT max(id) FROM %I', 'remapp_' || child) INTO found;
    RETURN found;
END
$$;

DO $$
DECLARE
    each record;
    report integer;
    event integer;
    total integer;
BEGIN
    FOR each IN SELECT id, left(name, 2) AS kind, substr(name, 4) AS defect FROM sample.broken
        WHERE name ~ '^(RF|MG|DX|NM) ' LOOP
        SELECT min(id) INTO report FROM remapp_projectionxrayradiationdose
            WHERE general_study_module_attributes_id = each.id;
        SELECT min(id) INTO event FROM sample.exposure WHERE study = each.id;
        SELECT min(id) INTO total FROM sample.accum WHERE study = each.id;
        CASE each.defect
        -- The study.
        WHEN 'two patient rows' THEN
            CALL sample.copy('patientmoduleattr', 'general_study_module_attributes_id',
                each.id, '{"patient_name": "Second^Row", "patient_sex": "O"}');
        WHEN 'two patient study rows' THEN
            CALL sample.copy('patientstudymoduleattr', 'general_study_module_attributes_id',
                each.id, '{"patient_age_decimal": 111}');
        WHEN 'two equipment rows' THEN
            CALL sample.copy('generalequipmentmoduleattr', 'general_study_module_attributes_id',
                each.id, '{"institution_name": "Second row"}');
        WHEN 'no patient row', 'no patient study row', 'no equipment row', 'bare rows' THEN
            DELETE FROM remapp_patientmoduleattr WHERE general_study_module_attributes_id = each.id
                AND each.defect IN ('no patient row', 'bare rows');
            DELETE FROM remapp_patientstudymoduleattr
            WHERE general_study_module_attributes_id = each.id AND each.defect IN ('no patient study row', 'bare rows');
            DELETE FROM remapp_generalequipmentmoduleattr WHERE general_study_module_attributes_id = each.id
                AND each.defect IN ('no equipment row', 'bare rows');
        WHEN 'no equipment name' THEN
            UPDATE remapp_generalequipmentmoduleattr SET unique_equipment_name_id = NULL
                WHERE general_study_module_attributes_id = each.id;
        WHEN 'indicator empty' THEN
            UPDATE remapp_patientmoduleattr SET not_patient_indicator = ''
                WHERE general_study_module_attributes_id = each.id;
        WHEN 'indicator text' THEN
            UPDATE remapp_patientmoduleattr SET not_patient_indicator = 'phantom, "QA"'
                WHERE general_study_module_attributes_id = each.id;
        WHEN 'no date' THEN UPDATE remapp_generalstudymoduleattr SET study_date = NULL WHERE id = each.id;
        WHEN 'no time' THEN UPDATE remapp_generalstudymoduleattr SET study_time = NULL WHERE id = each.id;
        WHEN 'wrong count' THEN
            UPDATE remapp_generalstudymoduleattr SET number_of_events = 9 WHERE id = each.id;
            UPDATE remapp_accumintegratedprojradiogdose SET total_number_of_radiographic_frames = 9
            WHERE accumulated_xray_dose_id IN (SELECT id FROM sample.accum WHERE study = each.id);
        WHEN 'fewer counted', 'not counted' THEN
            UPDATE remapp_generalstudymoduleattr SET number_of_events = CASE each.defect WHEN 'fewer counted' THEN 4 END
            WHERE id = each.id;
        WHEN 'CR study' THEN UPDATE remapp_generalstudymoduleattr SET modality_type = 'CR' WHERE id = each.id;
        WHEN 'PX study' THEN UPDATE remapp_generalstudymoduleattr SET modality_type = 'PX' WHERE id = each.id;
        -- The report and its totals.
        WHEN 'no dose row' THEN
            DELETE FROM remapp_accumintegratedprojradiogdose
                WHERE accumulated_xray_dose_id IN (SELECT id FROM sample.accum WHERE study = each.id);
            DELETE FROM remapp_accumprojxraydose WHERE accumulated_xray_dose_id IN (SELECT id
                FROM sample.accum WHERE study = each.id);
            DELETE FROM remapp_accummammographyxraydose WHERE accumulated_xray_dose_id IN (SELECT id
                FROM sample.accum WHERE study = each.id);
            DELETE FROM remapp_accumxraydose WHERE projection_xray_radiation_dose_id = report;
            DELETE FROM remapp_projectionxrayradiationdose WHERE id = report;
        WHEN 'two dose rows' THEN
            CALL sample.copy('projectionxrayradiationdose', 'id', report, '{"comment": "second dose row"}');
            CALL sample.copy('accumxraydose', 'projection_xray_radiation_dose_id', report,
                             jsonb_build_object('projection_xray_radiation_dose_id',
                                 sample.last('projectionxrayradiationdose')));
            CALL sample.copy('accumintegratedprojradiogdose', 'accumulated_xray_dose_id', total,
                             jsonb_build_object('dose_area_product_total', 0.25, 'accumulated_xray_dose_id',
                                 sample.last('accumxraydose')));
            UPDATE remapp_irradeventxraydata SET projection_xray_radiation_dose_id = (SELECT max(id)
                FROM remapp_projectionxrayradiationdose)
            WHERE id IN (event + 2, event + 3);
        WHEN 'no accumulated row', 'no totals' THEN
            DELETE FROM remapp_accumintegratedprojradiogdose
                WHERE accumulated_xray_dose_id IN (SELECT id FROM sample.accum WHERE study = each.id);
            DELETE FROM remapp_accumprojxraydose WHERE accumulated_xray_dose_id IN (SELECT id
                FROM sample.accum WHERE study = each.id);
            DELETE FROM remapp_accummammographyxraydose WHERE accumulated_xray_dose_id IN (SELECT id
                FROM sample.accum WHERE study = each.id);
            DELETE FROM remapp_accumxraydose WHERE projection_xray_radiation_dose_id = report
                AND each.defect = 'no accumulated row';
        WHEN 'two accumulated rows' THEN
            CALL sample.copy('accumxraydose', 'projection_xray_radiation_dose_id', report, '{}');
            CALL sample.copy('accumintegratedprojradiogdose', 'accumulated_xray_dose_id', total,
                             jsonb_build_object('dose_area_product_total', 0.25, 'accumulated_xray_dose_id',
                                 sample.last('accumxraydose')));
        WHEN 'two totals' THEN
            CALL sample.copy('accumintegratedprojradiogdose', 'accumulated_xray_dose_id', total,
                             '{"dose_area_product_total": 0.25, "dose_rp_total": 0.5,
                                 "total_number_of_radiographic_frames": 2}');
            CALL sample.copy('accumprojxraydose', 'accumulated_xray_dose_id', total,
                             '{"fluoro_dose_area_product_total": 0.125, "total_fluoro_time": 7}');
            CALL sample.copy('accummammographyxraydose', 'accumulated_xray_dose_id', total,
                             '{"accumulated_average_glandular_dose": 0.75}');
        WHEN 'no plane' THEN
            UPDATE remapp_accumxraydose SET acquisition_plane_id = NULL
            WHERE projection_xray_radiation_dose_id = report;
            UPDATE remapp_accumintegratedprojradiogdose SET dose_area_product_total = 0.00006
            WHERE accumulated_xray_dose_id = total;
        WHEN 'no frames declared' THEN
            UPDATE remapp_accumintegratedprojradiogdose SET total_number_of_radiographic_frames = NULL
            WHERE accumulated_xray_dose_id IN (SELECT id FROM sample.accum WHERE study = each.id);
        WHEN 'more frames declared' THEN
            UPDATE remapp_accumintegratedprojradiogdose SET total_number_of_radiographic_frames = 30
            WHERE accumulated_xray_dose_id IN (SELECT id FROM sample.accum WHERE study = each.id);
        WHEN 'also CT' THEN
            INSERT INTO remapp_ctradiationdose (id, general_study_module_attributes_id) SELECT max(id) + 1, each.id
                FROM remapp_ctradiationdose;
            INSERT INTO remapp_ctirradiationeventdata (id, ct_radiation_dose_id, acquisition_protocol)
            SELECT max(id) + 1, (SELECT max(id) FROM remapp_ctradiationdose), 'Head Routine'
                FROM remapp_ctirradiationeventdata;
        -- The first exposure.
        WHEN 'two source rows' THEN
            CALL sample.copy('irradeventxraysourcedata', 'irradiation_event_xray_data_id',
                event, '{"exposure_time": 999, "dose_rp": 999, "average_glandular_dose": 999}');
        WHEN 'two mechanical rows' THEN
            CALL sample.copy('irradeventxraymechanicaldata', 'irradiation_event_xray_data_id',
                event, '{"positioner_primary_angle": 99, "compression_thickness": 99}');
        WHEN 'two distance rows' THEN
            CALL sample.copy('doserelateddistancemeasurements', 'irradiation_event_xray_mechanical_data_id',
                event + 13, '{"distance_source_to_detector": 999, "radiological_thickness": 99}');
        WHEN 'two detector rows' THEN
            CALL sample.copy('irradeventxraydetectordata', 'irradiation_event_xray_data_id',
                event, '{"exposure_index": 999}');
        WHEN 'no source row' THEN
            DELETE FROM remapp_kvp WHERE irradiation_event_xray_source_data_id = event + 7;
            DELETE FROM remapp_xraytubecurrent WHERE irradiation_event_xray_source_data_id = event + 7;
            DELETE FROM remapp_pulsewidth WHERE irradiation_event_xray_source_data_id = event + 7;
            DELETE FROM remapp_exposure WHERE irradiation_event_xray_source_data_id = event + 7;
            DELETE FROM remapp_xraygrid WHERE irradiation_event_xray_source_data_id = event + 7;
            DELETE FROM remapp_xrayfilters WHERE irradiation_event_xray_source_data_id = event + 7;
            DELETE FROM remapp_irradeventxraysourcedata WHERE id = event + 7;
        WHEN 'no mechanical row' THEN
            DELETE FROM remapp_doserelateddistancemeasurements
                WHERE irradiation_event_xray_mechanical_data_id = event + 13;
            DELETE FROM remapp_irradeventxraymechanicaldata WHERE id = event + 13;
        WHEN 'no distance row' THEN
            DELETE FROM remapp_doserelateddistancemeasurements
                WHERE irradiation_event_xray_mechanical_data_id = event + 13;
        WHEN 'no detector row' THEN
            DELETE FROM remapp_irradeventxraydetectordata WHERE irradiation_event_xray_data_id = event;
        ELSE NULL;
        END CASE;
    END LOOP;
END
$$;

-- Awkward texts at study level, too. A patient's texts contain the patient's id, so that they are unique.
UPDATE remapp_patientmoduleattr SET patient_name = sample.pick(awkward, id, 'patient') || '^Fictional ' || id,
    patient_id = sample.pick(awkward, id, 'id') || ' FICT-' || id
FROM sample.texts
WHERE general_study_module_attributes_id IN
    (SELECT plan.id FROM sample.plan WHERE named LIKE '%all text awkward' OR named IS NULL AND plan.id % 23 = 5)
    AND NOT id_hashed AND NOT name_hashed;
UPDATE remapp_generalequipmentmoduleattr
SET institution_name = sample.pick(awkward, id, 'institution'), manufacturer = sample.pick(awkward, id, 'manufacturer'),
    manufacturer_model_name = sample.pick(awkward, id, 'model'),
    station_name = left(sample.pick(awkward, id, 'station'), 32)
FROM sample.texts
WHERE general_study_module_attributes_id IN
    (SELECT plan.id FROM sample.plan WHERE named LIKE '%all text awkward' OR named IS NULL AND plan.id % 29 = 5);

-- Some of the bystanders without a modality get one that has no export type.
UPDATE remapp_generalstudymoduleattr SET modality_type = 'XA' WHERE modality_type IS NULL AND id % 5 = 0;

-- Edited rows move within their table, as in a real archive: a query without ORDER BY returns them out of order.
UPDATE remapp_irradeventxraydata SET irradiation_event_label = NULL WHERE id % 97 = 3;
UPDATE remapp_irradeventxraysourcedata SET derivation = NULL WHERE id % 97 = 5;
UPDATE remapp_xrayfilters SET xray_filter_type_id = xray_filter_type_id WHERE id % 53 = 3;
UPDATE remapp_kvp SET kvp = kvp WHERE id % 53 = 3;
UPDATE remapp_xraytubecurrent SET xray_tube_current = xray_tube_current WHERE id % 53 = 3;
UPDATE remapp_accumxraydose SET acquisition_plane_id = acquisition_plane_id WHERE id % 53 = 3;
