-- Create the keys, and OpenREM's indexes on the columns by which exports join and filter.

DO $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT tablename AS child FROM pg_tables WHERE tablename LIKE 'remapp%' ORDER BY 1 LOOP
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (id)', each.child);
    END LOOP;

    -- Every integer column that ends in _id refers to another table, to contextid by default, as Django declares it.
    FOR each IN
        SELECT table_name AS child, column_name AS name, coalesce(parent, 'contextid') AS parent
        FROM information_schema.columns
        LEFT JOIN (VALUES ('general_study_module_attributes_id', 'generalstudymoduleattr'),
                          ('generalstudymoduleattr_id', 'generalstudymoduleattr'),
                          ('unique_equipment_name_id', 'uniqueequipmentnames'),
                          ('standardnames_id', 'standardnames'),
                          ('ct_radiation_dose_id', 'ctradiationdose'),
                          ('ct_accumulated_dose_data_id', 'ctaccumulateddosedata'),
                          ('ct_irradiation_event_data_id', 'ctirradiationeventdata'),
                          ('ctirradiationeventdata_id', 'ctirradiationeventdata'),
                          ('ct_dose_check_details_alert_id', 'ctdosecheckdetails'),
                          ('ct_dose_check_details_notification_id', 'ctdosecheckdetails'),
                          ('projection_xray_radiation_dose_id', 'projectionxrayradiationdose'),
                          ('accumulated_xray_dose_id', 'accumxraydose'),
                          ('irradiation_event_xray_data_id', 'irradeventxraydata'),
                          ('irradeventxraydata_id', 'irradeventxraydata'),
                          ('irradiation_event_xray_source_data_id', 'irradeventxraysourcedata'),
                          ('irradiation_event_xray_mechanical_data_id', 'irradeventxraymechanicaldata'),
                          ('radiopharmaceutical_radiation_dose_id', 'radiopharmaceuticalradiationdose'),
                          ('radiopharmaceutical_administration_event_data_id',
                              'radiopharmaceuticaladministrationeventdata'),
                          ('radiopharmaceutical_administration_patient_characteristics_id',
                           'radiopharmaceuticaladministrationpatientcharacteristics')) AS key (column_name, parent)
        USING (column_name)
        WHERE table_name LIKE 'remapp%' AND column_name LIKE '%\_id' AND data_type = 'integer'
        ORDER BY 1, 2
    LOOP
        EXECUTE format('CREATE INDEX ON %I (%I)', each.child, each.name);
        EXECUTE format('ALTER TABLE %I ADD FOREIGN KEY (%I) REFERENCES %I DEFERRABLE INITIALLY DEFERRED',
                       each.child, each.name, 'remapp_' || each.parent);
    END LOOP;
END
$$;

CREATE INDEX ON remapp_generalstudymoduleattr (modality_type);
CREATE INDEX ON remapp_patientmoduleattr (patient_id);
CREATE INDEX ON remapp_uniqueequipmentnames (display_name);
ALTER TABLE remapp_generalstudymoduleattr_standard_names ADD UNIQUE (generalstudymoduleattr_id, standardnames_id);
ALTER TABLE remapp_ctirradiationeventdata_standard_protocols
    ADD UNIQUE (ctirradiationeventdata_id, standardnames_id);
ALTER TABLE remapp_irradeventxraydata_standard_protocols ADD UNIQUE (irradeventxraydata_id, standardnames_id);
ALTER TABLE remapp_uniqueequipmentnames ADD UNIQUE
    (manufacturer_hash, institution_name_hash, station_name_hash, institutional_department_name_hash,
     manufacturer_model_name_hash, device_serial_number_hash, software_versions_hash, gantry_id_hash,
     device_observer_uid_hash);
