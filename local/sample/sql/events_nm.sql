-- Create nuclear medicine: administrations with their organ doses, the patient's state, and PET series.

INSERT INTO remapp_radiopharmaceuticalradiationdose (id, comment, associated_procedure_id,
    general_study_module_attributes_id, has_intent_id)
SELECT row_number() OVER (ORDER BY id),
    CASE WHEN id % 3 = 0 THEN sample.pick(awkward, id, 'nm comment')
        WHEN id % 3 = 1 THEN E'Extravasation, "some"\r\nRepeat' END,
    sample.code(CASE WHEN id % 30 = 0 THEN 'LOCAL-1' WHEN id % 9 = 1 THEN NULL WHEN style = 'pet' THEN 'P5-0A00A'
        ELSE 'P5-D0001' END), id, 9
FROM sample.plan CROSS JOIN sample.texts
WHERE kind = 'NM';

CREATE TABLE sample.dose AS
SELECT rad.id, plan.id AS study, style, started, named, of.*
FROM remapp_radiopharmaceuticalradiationdose AS rad
JOIN sample.plan ON plan.id = general_study_module_attributes_id
CROSS JOIN LATERAL (SELECT CASE plan.named WHEN 'NM many children' THEN 12 WHEN 'NM no children' THEN 0
    ELSE 1 END AS few) AS merged
CROSS JOIN LATERAL (SELECT
    CASE WHEN named IS NULL THEN sample.pick(ARRAY[0, 1, 1, 1, 2, 3], plan.id, 'participants')
        ELSE few END AS participants,
    CASE WHEN named IS NULL THEN sample.pick(ARRAY[0, 0, 1, 2, 5, 12, 21], plan.id, 'organs')
        ELSE 2 * few END AS organs,
    CASE WHEN named IS NULL THEN sample.pick(ARRAY[0, 0, 1, 2, 3], plan.id, 'states') ELSE few END AS states,
    CASE WHEN named IS NULL THEN sample.pick(ARRAY[0, 0, 0, 1, 2], plan.id, 'rates') ELSE few END AS rates,
    CASE WHEN style <> 'pet' THEN 0 WHEN named IS NULL THEN sample.pick(ARRAY[0, 1, 2, 2, 4], plan.id, 'series')
        ELSE few END AS series,
    CASE WHEN named IS NULL THEN plan.id % 3 > 0 ELSE few > 0 END AS described) AS of;

INSERT INTO remapp_radiopharmaceuticaladministrationeventdata
    (id, radiopharmaceutical_agent_string, radionuclide_half_life, radiopharmaceutical_start_datetime,
        radiopharmaceutical_stop_datetime,
     administered_activity, effective_dose, laterality_id, radionuclide_id, radiopharmaceutical_agent_id,
     radiopharmaceutical_radiation_dose_id, route_of_administration_id)
SELECT id + 5,
    CASE WHEN named IS NULL AND study % 5 = 0 THEN sample.pick(awkward, study, 'agent')
         WHEN study % 5 IN (1, 2) THEN 'FDG, "in house"' END,
    sample.gap(CASE WHEN style = 'pet' THEN 6586.2 ELSE 21624.12 END, study, 'half life', 0.05),
    sample.gap((started - interval '61 minutes 3.5 seconds') AT TIME ZONE 'Europe/London', study, 'start', 0.05),
    sample.gap((started - interval '60 minutes') AT TIME ZONE 'Europe/London', study, 'stop', 0.3),
    CASE WHEN study % 50 = 1 THEN 0 ELSE sample.gap(sample.number(study, 'activity', 20, 900),
        study, 'activity', 0.05) END,
    sample.gap(sample.number(study, 'effective', 1, 12), study, 'effective', 0.2),
    sample.code(sample.pick(ARRAY['G-A101', '24028007', NULL, 'X-NONE'], study, 'side')),
    sample.gap(sample.code(CASE WHEN style = 'pet' THEN 'C-111A1' WHEN study % 4 = 0 THEN 'C-114A4'
        ELSE 'C-163A8' END), study, 'nuclide'),
    CASE WHEN study % 5 <> 0 THEN sample.code(CASE WHEN study % 60 = 7 THEN 'LOCAL-2' WHEN style = 'pet' THEN 'C-B1031'
                                                   WHEN study % 4 = 1 THEN 'C-B1072' ELSE 'C-B1300' END) END,
    id, sample.gap(sample.code(sample.pick(ARRAY['G-D101', 'G-D101', 'G-D140', 'G-D103'], study, 'route')),
        study, 'route', 0.05)
FROM sample.dose CROSS JOIN sample.texts
ORDER BY id;

INSERT INTO remapp_personparticipant
    (person_name, person_role_in_procedure, person_role_in_procedure_cid_id,
        radiopharmaceutical_administration_event_data_id)
SELECT CASE WHEN (study + person) % 12 = 0 THEN sample.pick(awkward, study * 4 + person, 'participant')
            ELSE sample.pick(ARRAY['Invented^Ida', 'O''Fiction, Fred', 'Dr. <Nobody>', NULL],
                study * 4 + person, 'participant') END,
    sample.pick(ARRAY['', 'Technologist'], study * 4 + person, 'role'),
    sample.code(sample.pick(ARRAY['113851', '113851', '121099', NULL, 'LOCAL-3'], study * 4 + person, 'coded role')),
        id + 5
FROM sample.dose CROSS JOIN sample.texts CROSS JOIN LATERAL generate_series(1, participants) AS person
ORDER BY study, person;

INSERT INTO remapp_organdose
    (id, mass, measurement_method, organ_dose, reference_authority_text, finding_site_id, laterality_id,
     radiopharmaceutical_administration_event_data_id, reference_authority_code_id)
SELECT row_number() OVER (ORDER BY study, place),
    sample.gap(sample.number(n, 'organ mass', 5, 2000), n, 'organ mass', 0.3),
    CASE WHEN n % 17 = 0 THEN sample.pick(awkward, n, 'method')
        ELSE sample.gap('ICRP Publication 128'::text, n, 'method', 0.2) END,
    CASE WHEN n % 41 = 0 THEN 0 ELSE sample.gap(sample.number(n, 'organ dose', 0, 60), n, 'organ dose') END,
    CASE WHEN n % 19 = 0 THEN sample.pick(awkward, n, 'authority') WHEN n % 3 > 0 THEN 'ICRP, "128"' END,
    sample.code(sample.pick(sites, study + place, 'site')),
        sample.code(sample.pick(ARRAY['G-A101', 'G-A100', 'G-A102', NULL, NULL], n, 'organ side')),
    id + 5, CASE WHEN n % 3 = 0 THEN sample.code('ICRP-128') END
FROM sample.dose CROSS JOIN sample.texts
CROSS JOIN (SELECT ARRAY['T-B3000', 'T-A0100', 'T-57000', 'T-71000', 'T-62002', 'T-28000', 'T-87000',
    'T-C1000', 'T-B6000', 'T-74000',
                         'LOCAL-1', 'X-NONE', NULL] AS sites) AS organs
CROSS JOIN LATERAL generate_series(1, organs) AS place
CROSS JOIN LATERAL (SELECT study::bigint * 32 + place AS n) AS numbered;

INSERT INTO remapp_radiopharmaceuticaladministrationpatientcharacteristics
    (id, subject_age, patient_height, patient_weight, body_surface_area, body_mass_index, glucose,
        fasting_duration, hydration_volume,
     recent_physical_activity, serum_creatinine, body_surface_area_formula_id, equation_id,
         radiopharmaceutical_radiation_dose_id, subject_sex_id)
SELECT id + 9, 50, 1.7, 80, sample.gap(sample.number(study, 'bsa', 1, 2.5), study, 'bsa', 0.2),
    sample.gap(sample.number(study, 'bmi', 15, 45), study, 'bmi', 0.2),
    sample.gap(sample.number(study, 'glucose', 3, 12), study, 'glucose', 0.2),
        sample.gap(sample.number(study, 'fasting', 0, 14), study, 'fasting', 0.2),
    sample.gap(sample.number(study, 'hydration', 0, 900), study, 'hydration', 0.3),
    CASE WHEN study % 8 = 0 THEN sample.pick(awkward, study, 'activity')
        ELSE sample.pick(ARRAY['None', 'Walking', NULL], study, 'activity text') END,
    sample.gap(sample.number(study, 'creatinine', 0, 3), study, 'creatinine', 0.3),
    sample.code(sample.pick(ARRAY['122240', '122241', NULL], study, 'formula')),
        sample.code(sample.pick(ARRAY['122265', NULL], study, 'equation')),
    id, sample.code(sample.pick(ARRAY['F', 'M'], study, 'sex'))
FROM sample.dose CROSS JOIN sample.texts
WHERE described;

INSERT INTO remapp_patientstate (id, patient_state_id, radiopharmaceutical_administration_patient_characteristics_id)
SELECT row_number() OVER (ORDER BY study, place),
    sample.code(sample.pick(ARRAY['113560', 'F-10480-D', '113561', NULL, 'LOCAL-2'], study * 4 + place, 'state')),
    id + 9
FROM sample.dose CROSS JOIN LATERAL generate_series(1, states) AS place
WHERE described;

INSERT INTO remapp_glomerularfiltrationrate
    (id, glomerular_filtration_rate, equivalent_meaning_of_concept_name_id, measurement_method_id,
     radiopharmaceutical_administration_patient_characteristics_id)
SELECT row_number() OVER (ORDER BY study, place), sample.gap(sample.number(study * 4 + place, 'gfr', 10, 130),
    study * 4 + place, 'gfr', 0.1),
    sample.code(sample.pick(ARRAY['50210-4', NULL], study * 4 + place, 'meaning')),
    sample.code(sample.pick(ARRAY['113573', '113574', NULL], study * 4 + place, 'gfr method')), id + 9
FROM sample.dose CROSS JOIN LATERAL generate_series(1, rates) AS place
WHERE described;

INSERT INTO remapp_petseries
    (id, series_uid, series_datetime, number_of_rr_intervals, number_of_time_slots,
        number_of_time_slices, number_of_slices,
     reconstruction_method, coincidence_window_width, energy_window_lower_limit, energy_window_upper_limit,
     scan_progression_direction, radiopharmaceutical_radiation_dose_id)
SELECT row_number() OVER (ORDER BY study, place), '2.25.' || n,
    sample.gap((started + interval '10 minutes' * place) AT TIME ZONE 'Europe/London', n, 'series', 0.05),
    sample.gap(place - 1, n, 'rr', 0.3), sample.gap(1, n, 'slots', 0.3),
        sample.gap(sample.number(n, 'slices', 1, 300), n, 'time slices', 0.1),
    sample.gap(ceil(300 * sample.chance(n, 'slices'))::numeric, n, 'slices', 0.1),
    CASE WHEN n % 9 = 0 THEN sample.pick(awkward, n, 'method') WHEN n % 8 > 0 THEN 'PSF+TOF 4i5s' END,
    sample.gap(sample.number(n, 'window', 4, 6), n, 'window', 0.1), sample.gap(435, n, 'low', 0.1),
        sample.gap(650.5, n, 'high', 0.1),
    CASE WHEN n % 11 = 0 THEN sample.pick(awkward, n, 'direction')
        ELSE sample.pick(ARRAY['Upward', 'Downward', NULL], n, 'direction') END, id
FROM sample.dose CROSS JOIN sample.texts
CROSS JOIN LATERAL generate_series(1, series) AS place
CROSS JOIN LATERAL (SELECT study::bigint * 16 + place AS n) AS numbered;
