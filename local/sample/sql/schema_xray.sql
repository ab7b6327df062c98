-- Create the tables of projection X-ray (RF, MG, DX): the dose report, its totals, and every part of an event.

CREATE TABLE remapp_projectionxrayradiationdose (
    id serial NOT NULL,
    comment text,
    acquisition_device_type_cid_id integer,
    general_study_module_attributes_id integer NOT NULL,
    has_intent_id integer,
    procedure_reported_id integer,
    scope_of_accumulation_id integer,
    source_of_dose_information_id integer,
    xray_detector_data_available_id integer,
    xray_mechanical_data_available_id integer,
    xray_source_data_available_id integer
);

CREATE TABLE remapp_accumxraydose (
    id serial NOT NULL,
    acquisition_plane_id integer,
    projection_xray_radiation_dose_id integer NOT NULL
);

CREATE TABLE remapp_accumintegratedprojradiogdose (
    id serial NOT NULL,
    dose_area_product_total numeric(16,12),
    dose_rp_total numeric(16,12),
    total_number_of_radiographic_frames numeric(6,0),
    reference_point_definition text,
    dose_area_product_total_over_delta_weeks numeric(16,12),
    dose_rp_total_over_delta_weeks numeric(16,12),
    accumulated_xray_dose_id integer NOT NULL,
    reference_point_definition_code_id integer
);

CREATE TABLE remapp_accumprojxraydose (
    id serial NOT NULL,
    fluoro_dose_area_product_total numeric(16,12),
    fluoro_dose_rp_total numeric(16,12),
    total_fluoro_time numeric(7,2),
    acquisition_dose_area_product_total numeric(16,12),
    acquisition_dose_rp_total numeric(16,12),
    total_acquisition_time numeric(16,8),
    dose_area_product_total numeric(16,12),
    dose_rp_total numeric(16,12),
    total_number_of_radiographic_frames numeric(6,0),
    reference_point_definition text,
    accumulated_xray_dose_id integer NOT NULL,
    reference_point_definition_code_id integer
);

CREATE TABLE remapp_accummammographyxraydose (
    id serial NOT NULL,
    accumulated_average_glandular_dose numeric(8,4),
    accumulated_xray_dose_id integer NOT NULL,
    laterality_id integer
);

CREATE TABLE remapp_irradeventxraydata (
    id serial NOT NULL,
    irradiation_event_uid text,
    irradiation_event_label text,
    date_time_started timestamptz,
    acquisition_protocol text,
    projection_eponymous_name varchar(16),
    patient_table_relationship varchar(16),
    patient_orientation varchar(16),
    patient_orientation_modifier varchar(16),
    dose_area_product numeric(16,10),
    half_value_layer numeric(16,8),
    patient_equivalent_thickness numeric(16,8),
    entrance_exposure_at_rp numeric(16,8),
    reference_point_definition_text text,
    breast_composition varchar(16),
    percent_fibroglandular_tissue numeric(16,8),
    comment text,
    acquisition_plane_id integer,
    anatomical_structure_id integer,
    breast_composition_cid_id integer,
    image_view_id integer,
    irradiation_event_type_id integer,
    label_type_id integer,
    laterality_id integer,
    patient_orientation_cid_id integer,
    patient_orientation_modifier_cid_id integer,
    patient_table_relationship_cid_id integer,
    projection_eponymous_name_cid_id integer,
    projection_xray_radiation_dose_id integer NOT NULL,
    reference_point_definition_id integer,
    target_region_id integer
);

CREATE TABLE remapp_imageviewmodifier (
    id serial NOT NULL,
    image_view_modifier_id integer,
    irradiation_event_xray_data_id integer NOT NULL
);

CREATE TABLE remapp_irradeventxraydata_standard_protocols (
    id serial NOT NULL,
    irradeventxraydata_id integer NOT NULL,
    standardnames_id integer NOT NULL
);

CREATE TABLE remapp_irradeventxraydetectordata (
    id serial NOT NULL,
    exposure_index numeric(16,8),
    target_exposure_index numeric(16,8),
    deviation_index numeric(16,8),
    relative_xray_exposure numeric(16,8),
    relative_exposure_unit varchar(16),
    sensitivity numeric(16,8),
    irradiation_event_xray_data_id integer NOT NULL
);

CREATE TABLE remapp_irradeventxraysourcedata (
    id serial NOT NULL,
    dose_rp numeric(16,12),
    reference_point_definition text,
    average_glandular_dose numeric(16,8),
    pulse_rate numeric(16,8),
    number_of_pulses numeric(16,2),
    derivation varchar(16),
    irradiation_duration numeric(16,8),
    average_xray_tube_current numeric(16,8),
    exposure_time numeric(16,2),
    focal_spot_size numeric(16,8),
    collimated_field_area numeric(16,8),
    collimated_field_height numeric(16,8),
    collimated_field_width numeric(16,8),
    ii_field_size integer,
    exposure_control_mode varchar(16),
    grid_absorbing_material text,
    grid_spacing_material text,
    grid_thickness numeric(16,6),
    grid_pitch numeric(16,6),
    grid_aspect_ratio text,
    grid_period numeric(16,6),
    grid_focal_distance numeric(16,6),
    anode_target_material_id integer,
    derivation_cid_id integer,
    fluoro_mode_id integer,
    irradiation_event_xray_data_id integer NOT NULL,
    reference_point_definition_code_id integer
);

CREATE TABLE remapp_kvp (
    id serial NOT NULL,
    kvp numeric(16,8),
    irradiation_event_xray_source_data_id integer NOT NULL
);

CREATE TABLE remapp_exposure (
    id serial NOT NULL,
    exposure numeric(16,2),
    irradiation_event_xray_source_data_id integer NOT NULL
);

CREATE TABLE remapp_pulsewidth (
    id serial NOT NULL,
    pulse_width numeric(16,8),
    irradiation_event_xray_source_data_id integer NOT NULL
);

CREATE TABLE remapp_xraytubecurrent (
    id serial NOT NULL,
    xray_tube_current numeric(16,8),
    irradiation_event_xray_source_data_id integer NOT NULL
);

CREATE TABLE remapp_xraygrid (
    id serial NOT NULL,
    irradiation_event_xray_source_data_id integer NOT NULL,
    xray_grid_id integer
);

CREATE TABLE remapp_xrayfilters (
    id serial NOT NULL,
    xray_filter_thickness_minimum numeric(16,8),
    xray_filter_thickness_maximum numeric(16,8),
    irradiation_event_xray_source_data_id integer NOT NULL,
    xray_filter_material_id integer,
    xray_filter_type_id integer
);

CREATE TABLE remapp_irradeventxraymechanicaldata (
    id serial NOT NULL,
    positioner_primary_angle numeric(16,8),
    positioner_secondary_angle numeric(16,8),
    positioner_primary_end_angle numeric(16,8),
    positioner_secondary_end_angle numeric(16,8),
    column_angulation numeric(16,8),
    table_head_tilt_angle numeric(16,8),
    table_horizontal_rotation_angle numeric(16,8),
    table_cradle_tilt_angle numeric(16,8),
    compression_thickness numeric(16,8),
    compression_force numeric(16,8),
    compression_pressure numeric(16,8),
    compression_contact_area numeric(16,8),
    magnification_factor numeric(16,8),
    crdr_mechanical_configuration_id integer,
    irradiation_event_xray_data_id integer NOT NULL
);

CREATE TABLE remapp_doserelateddistancemeasurements (
    id serial NOT NULL,
    distance_source_to_isocenter numeric(16,8),
    distance_source_to_reference_point numeric(16,8),
    distance_source_to_detector numeric(16,8),
    table_longitudinal_position numeric(16,8),
    table_lateral_position numeric(16,8),
    table_height_position numeric(16,8),
    distance_source_to_table_plane numeric(16,8),
    table_longitudinal_end_position numeric(16,8),
    table_lateral_end_position numeric(16,8),
    table_height_end_position numeric(16,8),
    distance_source_to_entrance_surface numeric(16,8),
    radiological_thickness numeric(16,8),
    irradiation_event_xray_mechanical_data_id integer NOT NULL
);

CREATE TABLE remapp_skindosemapresults (
    id serial NOT NULL,
    phantom_width numeric(16,1),
    phantom_height numeric(16,1),
    phantom_depth numeric(16,1),
    patient_mass numeric(16,1),
    patient_mass_assumed varchar(16),
    patient_size numeric(16,1),
    patient_size_assumed varchar(16),
    patient_orientation varchar(16),
    patient_orientation_assumed varchar(16),
    peak_skin_dose numeric(16,4),
    dap_fraction numeric(16,4),
    skin_map_version varchar(16),
    general_study_module_attributes_id integer NOT NULL
);

CREATE TABLE remapp_highdosemetricalertsettings (
    id serial NOT NULL,
    alert_total_dap_rf integer,
    alert_total_rp_dose_rf double precision,
    alert_skindose double precision,
    accum_dose_delta_weeks integer,
    changed_accum_dose_delta_weeks boolean NOT NULL,
    show_accum_dose_over_delta_weeks boolean NOT NULL,
    calc_accum_dose_over_delta_weeks_on_import boolean NOT NULL,
    send_high_dose_metric_alert_emails_ref boolean NOT NULL,
    send_high_dose_metric_alert_emails_skin boolean NOT NULL
);
