-- Create the tables of OpenREM 1.0 that CT exports use. Names and types are OpenREM's; the text of this file is not.
-- Keys and indexes are created after the rows (keys.sql), which is several times faster.

CREATE TABLE remapp_contextid (
    id serial NOT NULL,
    code_value text NOT NULL,
    code_meaning text,
    cid_table varchar(16) NOT NULL
);

CREATE TABLE remapp_uniqueequipmentnames (
    id serial NOT NULL,
    manufacturer text,
    manufacturer_hash varchar(64),
    institution_name text,
    institution_name_hash varchar(64),
    station_name varchar(32),
    station_name_hash varchar(64),
    institutional_department_name text,
    institutional_department_name_hash varchar(64),
    manufacturer_model_name text,
    manufacturer_model_name_hash varchar(64),
    device_serial_number text,
    device_serial_number_hash varchar(64),
    software_versions text,
    software_versions_hash varchar(64),
    gantry_id text,
    gantry_id_hash varchar(64),
    display_name text,
    user_defined_modality varchar(16),
    hash_generated boolean NOT NULL,
    device_observer_uid text,
    device_observer_uid_hash varchar(64)
);

CREATE TABLE remapp_generalstudymoduleattr (
    id serial NOT NULL,
    study_instance_uid text,
    study_date date,
    study_time time,
    study_workload_chart_time timestamptz,
    referring_physician_name text,
    referring_physician_identification text,
    study_id varchar(16),
    accession_number text,
    accession_hashed boolean NOT NULL,
    study_description text,
    physician_of_record text,
    name_of_physician_reading_study text,
    performing_physician_name text,
    operator_name text,
    modality_type varchar(16),
    procedure_code_value text,
    procedure_code_meaning text,
    requested_procedure_code_value text,
    requested_procedure_code_meaning text,
    series_instance_uid text,
    series_time time,
    content_time time,
    number_of_events integer,
    number_of_events_a integer,
    number_of_events_b integer,
    number_of_axial integer,
    number_of_spiral integer,
    number_of_stationary integer,
    number_of_const_angle integer,
    total_dlp numeric(16,8),
    total_dap_a numeric(16,12),
    total_dap_b numeric(16,12),
    total_dap numeric(16,12),
    total_rp_dose_a numeric(16,12),
    total_rp_dose_b numeric(16,12),
    total_dap_delta_weeks numeric(16,12),
    total_rp_dose_delta_weeks numeric(16,12),
    total_agd_left numeric(16,8),
    total_agd_right numeric(16,8),
    total_agd_both numeric(16,8),
    number_of_planes integer
);

CREATE TABLE remapp_patientmoduleattr (
    id serial NOT NULL,
    patient_name text,
    name_hashed boolean NOT NULL,
    patient_id text,
    id_hashed boolean NOT NULL,
    patient_birth_date date,
    patient_sex varchar(2),
    other_patient_ids text,
    not_patient_indicator text,
    general_study_module_attributes_id integer NOT NULL
);

CREATE TABLE remapp_patientstudymoduleattr (
    id serial NOT NULL,
    admitting_diagnosis_description text,
    admitting_diagnosis_code_sequence text,
    patient_age varchar(4),
    patient_age_decimal numeric(7,3),
    patient_size numeric(16,8),
    patient_weight numeric(16,8),
    general_study_module_attributes_id integer NOT NULL
);

CREATE TABLE remapp_generalequipmentmoduleattr (
    id serial NOT NULL,
    manufacturer text,
    institution_name text,
    institution_address text,
    station_name varchar(32),
    institutional_department_name text,
    manufacturer_model_name text,
    device_serial_number text,
    software_versions text,
    gantry_id text,
    spatial_resolution numeric(8,4),
    date_of_last_calibration timestamptz,
    time_of_last_calibration timestamptz,
    general_study_module_attributes_id integer NOT NULL,
    unique_equipment_name_id integer
);

CREATE TABLE remapp_ctradiationdose (
    id serial NOT NULL,
    start_of_xray_irradiation timestamptz,
    end_of_xray_irradiation timestamptz,
    comment text,
    general_study_module_attributes_id integer NOT NULL,
    has_intent_id integer,
    procedure_reported_id integer,
    scope_of_accumulation_id integer,
    source_of_dose_information_id integer,
    uid_type_id integer
);

CREATE TABLE remapp_ctaccumulateddosedata (
    id serial NOT NULL,
    total_number_of_irradiation_events numeric(16,0),
    ct_dose_length_product_total numeric(16,8),
    ct_effective_dose_total numeric(16,8),
    reference_authority_text text,
    patient_model text,
    effective_dose_phantom_type text,
    dosimeter_type text,
    comment text,
    ct_radiation_dose_id integer NOT NULL,
    measurement_method_id integer,
    reference_authority_code_id integer
);

CREATE TABLE remapp_ctirradiationeventdata (
    id serial NOT NULL,
    acquisition_protocol text,
    irradiation_event_uid text,
    irradiation_event_label text,
    exposure_time numeric(16,8),
    nominal_single_collimation_width numeric(16,8),
    nominal_total_collimation_width numeric(16,8),
    pitch_factor numeric(16,8),
    number_of_xray_sources numeric(8,0),
    mean_ctdivol numeric(16,8),
    ctdifreeair_calculation_factor numeric(16,8),
    mean_ctdifreeair numeric(16,8),
    dlp numeric(16,8),
    effective_dose numeric(16,8),
    effective_dose_conversion_factor numeric(16,8),
    xray_modulation_type text,
    comment text,
    date_time_started timestamptz,
    series_description text,
    ct_acquisition_type_id integer,
    ct_radiation_dose_id integer NOT NULL,
    ctdiw_phantom_type_id integer,
    label_type_id integer,
    measurement_method_id integer,
    procedure_context_id integer,
    target_region_id integer
);

CREATE TABLE remapp_scanninglength (
    id serial NOT NULL,
    scanning_length numeric(16,8),
    length_of_reconstructable_volume numeric(16,8),
    exposed_range numeric(16,8),
    top_z_location_of_reconstructable_volume numeric(16,8),
    bottom_z_location_of_reconstructable_volume numeric(16,8),
    top_z_location_of_scanning_length numeric(16,8),
    bottom_z_location_of_scanning_length numeric(16,8),
    frame_of_reference_uid text,
    ct_irradiation_event_data_id integer NOT NULL
);

CREATE TABLE remapp_ctxraysourceparameters (
    id serial NOT NULL,
    identification_of_the_xray_source text,
    kvp numeric(16,8),
    maximum_xray_tube_current numeric(16,8),
    xray_tube_current numeric(16,8),
    exposure_time_per_rotation numeric(16,8),
    xray_filter_aluminum_equivalent numeric(16,8),
    ct_irradiation_event_data_id integer NOT NULL
);

CREATE TABLE remapp_ctdosecheckdetails (
    id serial NOT NULL,
    dlp_alert_value_configured boolean,
    ctdivol_alert_value_configured boolean,
    dlp_alert_value numeric(16,8),
    ctdivol_alert_value numeric(16,8),
    accumulated_dlp_forward_estimate numeric(16,8),
    accumulated_ctdivol_forward_estimate numeric(16,8),
    alert_reason_for_proceeding text,
    dlp_notification_value_configured boolean,
    ctdivol_notification_value_configured boolean,
    dlp_notification_value numeric(8,4),
    ctdivol_notification_value numeric(8,4),
    dlp_forward_estimate numeric(8,4),
    ctdivol_forward_estimate numeric(8,4),
    notification_reason_for_proceeding text,
    ct_irradiation_event_data_id integer NOT NULL
);

CREATE TABLE remapp_personparticipant (
    id serial NOT NULL,
    person_name text,
    person_role_in_procedure varchar(16) NOT NULL,
    person_id text,
    person_id_issuer text,
    organization_name text,
    person_role_in_organization text,
    ct_accumulated_dose_data_id integer,
    ct_dose_check_details_alert_id integer,
    ct_dose_check_details_notification_id integer,
    ct_irradiation_event_data_id integer,
    ct_radiation_dose_id integer,
    irradiation_event_xray_data_id integer,
    person_role_in_organization_cid_id integer,
    person_role_in_procedure_cid_id integer,
    projection_xray_radiation_dose_id integer,
    radiopharmaceutical_administration_event_data_id integer
);

CREATE TABLE remapp_standardnamesettings (id serial NOT NULL, enable_standard_names boolean NOT NULL);

CREATE TABLE remapp_standardnames (
    id serial NOT NULL,
    standard_name text,
    modality varchar(16),
    study_description text,
    requested_procedure_code_meaning text,
    procedure_code_meaning text,
    acquisition_protocol text,
    UNIQUE (modality, study_description),
    UNIQUE (modality, requested_procedure_code_meaning),
    UNIQUE (modality, procedure_code_meaning),
    UNIQUE (modality, acquisition_protocol)
);

CREATE TABLE remapp_generalstudymoduleattr_standard_names (
    id serial NOT NULL,
    generalstudymoduleattr_id integer NOT NULL,
    standardnames_id integer NOT NULL
);

CREATE TABLE remapp_ctirradiationeventdata_standard_protocols (
    id serial NOT NULL,
    ctirradiationeventdata_id integer NOT NULL,
    standardnames_id integer NOT NULL
);
