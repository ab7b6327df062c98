-- Keys, the indexes a real OpenREM has on what the exports join and filter by, and the sequences.
DROP SCHEMA sample CASCADE;


DO $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT tablename AS child FROM pg_tables WHERE tablename LIKE 'remapp%' ORDER BY 1 LOOP
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (id)', each.child);
        EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), coalesce(max(id), 0) + 1, false) FROM %I',
                       each.child, each.child);
    END LOOP;

    -- Every column that ends in _id and names a row of another table. Constraints as Django declares them.
    FOR each IN
        SELECT table_name AS child, column_name AS name, parent
        FROM information_schema.columns
        JOIN (VALUES ('general_study_module_attributes_id', 'generalstudymoduleattr'),
                     ('generalstudymoduleattr_id', 'generalstudymoduleattr'),
                     ('unique_equipment_name_id', 'uniqueequipmentnames'),
                     ('standardnames_id', 'standardnames'),
                     ('ct_radiation_dose_id', 'ctradiationdose'),
                     ('ct_accumulated_dose_data_id', 'ctaccumulateddosedata'),
                     ('ct_irradiation_event_data_id', 'ctirradiationeventdata'),
                     ('ctirradiationeventdata_id', 'ctirradiationeventdata'),
                     ('ct_dose_check_details_alert_id', 'ctdosecheckdetails'),
                     ('ct_dose_check_details_notification_id', 'ctdosecheckdetails'),
                     ('has_intent_id', 'contextid'),
                     ('procedure_reported_id', 'contextid'),
                     ('scope_of_accumulation_id', 'contextid'),
                     ('source_of_dose_information_id', 'contextid'),
                     ('uid_type_id', 'contextid'),
                     ('measurement_method_id', 'contextid'),
                     ('reference_authority_code_id', 'contextid'),
                     ('ct_acquisition_type_id', 'contextid'),
                     ('ctdiw_phantom_type_id', 'contextid'),
                     ('label_type_id', 'contextid'),
                     ('procedure_context_id', 'contextid'),
                     ('target_region_id', 'contextid'),
                     ('person_role_in_organization_cid_id', 'contextid'),
                     ('person_role_in_procedure_cid_id', 'contextid')) AS key (column_name, parent)
        USING (column_name)
        WHERE table_name LIKE 'remapp%'
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
