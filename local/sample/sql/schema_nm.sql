-- Create the tables of nuclear medicine: administrations, organ doses, the patient's state, and PET series.

CREATE TABLE remapp_radiopharmaceuticalradiationdose (
    id serial NOT NULL,
    comment text,
    associated_procedure_id integer,
    general_study_module_attributes_id integer NOT NULL,
    has_intent_id integer
);

CREATE TABLE remapp_radiopharmaceuticaladministrationeventdata (
    id serial NOT NULL,
    radiopharmaceutical_agent_string text,
    radionuclide_half_life numeric(16,8),
    radiopharmaceutical_specific_activity numeric(16,8),
    radiopharmaceutical_administration_event_uid text,
    estimated_extravasation_activity numeric(16,8),
    radiopharmaceutical_start_datetime timestamptz,
    radiopharmaceutical_stop_datetime timestamptz,
    administered_activity numeric(16,8),
    effective_dose numeric(16,8),
    radiopharmaceutical_volume numeric(16,8),
    pre_administration_measured_activity numeric(16,8),
    post_administration_measured_activity numeric(16,8),
    brand_name text,
    radiopharmaceutical_dispense_unit_identifier text,
    prescription_identifier text,
    comment text,
    laterality_id integer,
    post_activity_measurement_device_id integer,
    pre_activity_measurement_device_id integer,
    radionuclide_id integer,
    radiopharmaceutical_agent_id integer,
    radiopharmaceutical_radiation_dose_id integer NOT NULL,
    route_of_administration_id integer,
    site_of_id integer
);

CREATE TABLE remapp_organdose (
    id serial NOT NULL,
    mass numeric(16,8),
    measurement_method text,
    organ_dose numeric(16,8),
    reference_authority_text text,
    type_of_detector_motion text,
    finding_site_id integer,
    laterality_id integer,
    radiopharmaceutical_administration_event_data_id integer NOT NULL,
    reference_authority_code_id integer
);

CREATE TABLE remapp_radiopharmaceuticaladministrationpatientcharacteristics (
    id serial NOT NULL,
    subject_age numeric(16,8),
    patient_height numeric(16,8),
    patient_weight numeric(16,8),
    body_surface_area numeric(16,8),
    body_mass_index numeric(16,8),
    glucose numeric(16,8),
    fasting_duration numeric(16,8),
    hydration_volume numeric(16,8),
    recent_physical_activity text,
    serum_creatinine numeric(16,8),
    body_surface_area_formula_id integer,
    equation_id integer,
    radiopharmaceutical_radiation_dose_id integer NOT NULL,
    subject_sex_id integer
);

CREATE TABLE remapp_patientstate (
    id serial NOT NULL,
    patient_state_id integer,
    radiopharmaceutical_administration_patient_characteristics_id integer NOT NULL
);

CREATE TABLE remapp_glomerularfiltrationrate (
    id serial NOT NULL,
    glomerular_filtration_rate numeric(16,8),
    equivalent_meaning_of_concept_name_id integer,
    measurement_method_id integer,
    radiopharmaceutical_administration_patient_characteristics_id integer NOT NULL
);

CREATE TABLE remapp_petseries (
    id serial NOT NULL,
    series_uid text,
    series_datetime timestamptz,
    number_of_rr_intervals numeric(16,8),
    number_of_time_slots numeric(16,8),
    number_of_time_slices numeric(16,8),
    number_of_slices numeric(16,8),
    reconstruction_method text,
    coincidence_window_width numeric(16,8),
    energy_window_lower_limit numeric(16,8),
    energy_window_upper_limit numeric(16,8),
    scan_progression_direction text,
    radiopharmaceutical_radiation_dose_id integer NOT NULL
);
