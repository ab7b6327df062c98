-- Split the exposures into OpenREM's tables. Ids differ between tables on purpose, so that a wrong join is noticed.

INSERT INTO remapp_projectionxrayradiationdose
    (id, comment, acquisition_device_type_cid_id, general_study_module_attributes_id,
        has_intent_id, procedure_reported_id,
     scope_of_accumulation_id, source_of_dose_information_id)
SELECT row_number() OVER (ORDER BY id),
    CASE WHEN named LIKE '%all text awkward' THEN array_to_string(awkward, E'\r\n')
        WHEN named IS NULL AND id % 7 = 0 THEN sample.pick(awkward, id, 'report comment')
        WHEN id % 3 = 0 THEN E'Patient moved;\r\nrepeated, "twice"' END,
    NULL, id, 9, sample.code(CASE kind WHEN 'MG' THEN 'P5-40010' WHEN 'RF' THEN 'P5-06020' ELSE '113704' END), 11,
    CASE WHEN style = 'image' OR named LIKE 'MG image%' THEN sample.code('113866')
        WHEN style = 'hologic' OR named LIKE 'MG Hologic%' THEN sample.code('113867')
         WHEN style IN ('bare', 'pulses') AND id % 2 = 0 THEN sample.code('113857') WHEN named IS NOT NULL THEN 12
             ELSE sample.gap(12, id, 'source', 0.1) END
FROM sample.plan CROSS JOIN sample.texts
WHERE kind <> 'NM';

CREATE TABLE sample.report AS
SELECT proj.id, plan.id AS study, kind, style, named, events
FROM remapp_projectionxrayradiationdose AS proj JOIN sample.plan ON plan.id = general_study_module_attributes_id;
CREATE INDEX ON sample.exposure (study, id);
ANALYZE sample.exposure, sample.report;

INSERT INTO remapp_irradeventxraydata
    (id, irradiation_event_uid, date_time_started, acquisition_protocol, dose_area_product, entrance_exposure_at_rp,
     percent_fibroglandular_tissue, comment, acquisition_plane_id, anatomical_structure_id, image_view_id,
     irradiation_event_type_id, laterality_id, patient_orientation_cid_id, patient_orientation_modifier_cid_id,
     patient_table_relationship_cid_id, projection_xray_radiation_dose_id, target_region_id)
SELECT event.id, uid, started AT TIME ZONE 'Europe/London', protocol, dap, entrance, fibroglandular,
    comment, plane, anatomy, view,
    type, laterality, orientation, orientation_modifier, relationship, report.id, region
FROM sample.exposure AS event JOIN sample.report USING (study)
ORDER BY event.id;

INSERT INTO remapp_irradeventxraysourcedata
    (id, dose_rp, reference_point_definition, average_glandular_dose, pulse_rate,
        number_of_pulses, irradiation_duration,
     average_xray_tube_current, exposure_time, focal_spot_size, collimated_field_area, collimated_field_height,
     collimated_field_width, ii_field_size, exposure_control_mode, grid_focal_distance,
         anode_target_material_id, fluoro_mode_id,
     irradiation_event_xray_data_id)
SELECT id + 7, dose_rp, reference_point, agd, pulse_rate, pulses, duration, average_current, exposure_time,
    focal_spot, area, height,
    width, field_size, mode, grid_distance, target, fluoro_mode, id
FROM sample.exposure
ORDER BY id;

INSERT INTO remapp_irradeventxraymechanicaldata
    (id, positioner_primary_angle, positioner_secondary_angle, positioner_primary_end_angle,
        positioner_secondary_end_angle,
     column_angulation, compression_thickness, compression_force, magnification_factor, irradiation_event_xray_data_id)
SELECT id + 13, primary_angle, secondary_angle, primary_end, secondary_end, column_angle,
    thickness, force, magnification, id
FROM sample.exposure
ORDER BY id;

INSERT INTO remapp_doserelateddistancemeasurements
    (id, distance_source_to_isocenter, distance_source_to_detector, table_longitudinal_position, table_lateral_position,
     table_height_position, distance_source_to_entrance_surface, radiological_thickness,
         irradiation_event_xray_mechanical_data_id)
SELECT id + 22, isocenter_distance, detector_distance, table_longitudinal, table_lateral, table_height,
    surface_distance, radiological, id + 13
FROM sample.exposure
ORDER BY id;

INSERT INTO remapp_irradeventxraydetectordata
    (id, exposure_index, target_exposure_index, deviation_index, relative_xray_exposure, irradiation_event_xray_data_id)
SELECT id + 31, exposure_index, target_index, deviation, relative, id
FROM sample.exposure
ORDER BY id;

INSERT INTO remapp_kvp (id, kvp, irradiation_event_xray_source_data_id)
SELECT row_number() OVER (ORDER BY id, nth), value, id + 7
FROM sample.exposure CROSS JOIN LATERAL unnest(kvp) WITH ORDINALITY AS given (value, nth);

INSERT INTO remapp_xraytubecurrent (id, xray_tube_current, irradiation_event_xray_source_data_id)
SELECT row_number() OVER (ORDER BY id, nth), value, id + 7
FROM sample.exposure CROSS JOIN LATERAL unnest(current) WITH ORDINALITY AS given (value, nth);

INSERT INTO remapp_pulsewidth (id, pulse_width, irradiation_event_xray_source_data_id)
SELECT row_number() OVER (ORDER BY id, nth), value, id + 7
FROM sample.exposure CROSS JOIN LATERAL unnest(pulse_width) WITH ORDINALITY AS given (value, nth);

INSERT INTO remapp_exposure (id, exposure, irradiation_event_xray_source_data_id)
SELECT row_number() OVER (ORDER BY id, nth), value, id + 7
FROM sample.exposure AS event CROSS JOIN LATERAL unnest(exposure) WITH ORDINALITY AS given (value, nth);

INSERT INTO remapp_xraygrid (id, xray_grid_id, irradiation_event_xray_source_data_id)
SELECT row_number() OVER (ORDER BY id, nth), value, id + 7
FROM sample.exposure CROSS JOIN LATERAL unnest(grids) WITH ORDINALITY AS given (value, nth);

INSERT INTO remapp_imageviewmodifier (id, image_view_modifier_id, irradiation_event_xray_data_id)
SELECT row_number() OVER (ORDER BY id, nth), value, id
FROM sample.exposure CROSS JOIN LATERAL unnest(modifiers) WITH ORDINALITY AS given (value, nth);

INSERT INTO remapp_xrayfilters
    (id, xray_filter_thickness_minimum, xray_filter_thickness_maximum, irradiation_event_xray_source_data_id,
     xray_filter_material_id, xray_filter_type_id)
SELECT row_number() OVER (ORDER BY event.id, filter.place), low, high, event.id + 7, material, filter.type
FROM sample.exposure AS event JOIN sample.filter ON filter.name = event.filters;
