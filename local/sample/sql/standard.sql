-- Link standard names to the studies and exposures of the other modalities. studies.sql links those of CT.
INSERT INTO remapp_standardnames (standard_name, modality, acquisition_protocol) VALUES
    ('Fluoroscopy, low', 'RF', 'Fluoro low'), ('Fluoroscopy, low', 'RF', 'fluoro low'),
    ('=Coronary', 'RF', 'Coronary 15 fps'), ('DSA: abdomen/pelvis', 'RF', 'DSA Abdomen 2 fps'),
    ('CC', 'MG', 'R CC'), ('MLO, any', 'MG', 'L MLO'), ('Routine', 'MG', 'ROUTINE'),
    ('Chest', 'DX', 'Chest PA'), ('chest', 'DX', 'chest pa'), ('Chest', 'DX', 'Chest AP'),
    ('Standing lateral view of the whole spine 1', 'DX', 'Knee AP'),
    ('Standing lateral view of the whole spine 2', 'DX', 'Knee lat');
INSERT INTO remapp_standardnames (standard_name, modality, study_description) VALUES
    ('Coronary study', 'RF', 'Coronary angiography'), ('ERCP, "any"', 'RF', 'ERCP'),
        ('Screening', 'MG', 'MAMMO SCREENING'),
    ('Chest study', 'DX', 'XR Chest'), ('Knee study', 'DX', 'XR Knee Rt'),
        ('Never meant for radiography', 'CR', 'XR Pelvis'),
    ('Bone study', 'NM', 'NM Bone whole body');
INSERT INTO remapp_standardnames (standard_name, modality, requested_procedure_code_meaning) VALUES
    ('Coronary study', 'RF', 'Coronary angiogram'), ('Another coronary', 'RF', 'Swallow, barium'),
        ('Breast request', 'MG', 'Mammogram'),
    ('Chest study', 'DX', 'XR Chest'), ('Abdomen study', 'DX', 'XR Abdomen supine');

INSERT INTO remapp_generalstudymoduleattr_standard_names (generalstudymoduleattr_id, standardnames_id)
SELECT DISTINCT study.id, name.id
FROM sample.plan
JOIN remapp_generalstudymoduleattr AS study USING (id)
JOIN remapp_standardnames AS name
    ON name.modality = plan.kind
    AND (study.study_description = name.study_description
         OR study.requested_procedure_code_meaning = name.requested_procedure_code_meaning
         OR study.procedure_code_meaning = name.procedure_code_meaning)
ORDER BY 1, 2;

INSERT INTO remapp_irradeventxraydata_standard_protocols (irradeventxraydata_id, standardnames_id)
SELECT event.id, name.id
FROM sample.exposure AS event
JOIN remapp_standardnames AS name ON event.protocol = name.acquisition_protocol AND name.modality = event.kind
ORDER BY 1, 2;

-- The studies named `… standard names`: linked by description and by request, with exposures linked once, twice and
-- never.
INSERT INTO remapp_standardnames (standard_name, modality, study_description,
    requested_procedure_code_meaning, acquisition_protocol)
SELECT given.name, left(broken.name, 2), CASE nth WHEN 1 THEN description END, CASE nth
    WHEN 2 THEN 'Standard request' END,
    CASE nth WHEN 3 THEN 'Linked once' WHEN 4 THEN 'Linked twice' END
FROM sample.broken
CROSS JOIN unnest(ARRAY['Study by description', 'A study by request', 'Once | and "only"',
    'Twice']) WITH ORDINALITY AS given (name, nth)
WHERE broken.name LIKE '% standard names'
ORDER BY broken.name, nth;
UPDATE remapp_generalstudymoduleattr SET requested_procedure_code_meaning = 'Standard request'
WHERE id IN (SELECT id FROM sample.broken WHERE name LIKE '% standard names');
INSERT INTO remapp_generalstudymoduleattr_standard_names (generalstudymoduleattr_id, standardnames_id)
SELECT broken.id, name.id FROM sample.broken
JOIN remapp_standardnames AS name ON name.modality = left(broken.name, 2)
    AND (name.study_description = broken.description OR name.requested_procedure_code_meaning = 'Standard request')
WHERE broken.name LIKE '% standard names'
ORDER BY 1, 2;
INSERT INTO remapp_irradeventxraydata_standard_protocols (irradeventxraydata_id, standardnames_id)
SELECT event.id, name.id FROM sample.exposure AS event
JOIN remapp_standardnames AS name ON name.modality = event.kind
    AND (name.acquisition_protocol = event.protocol OR event.protocol = 'Linked twice'
        AND name.acquisition_protocol = 'Linked once')
WHERE event.named LIKE '% standard names'
ORDER BY 1, 2;
