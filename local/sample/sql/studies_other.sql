-- Create the studies of the exposures, including the bystanders among CT.

INSERT INTO remapp_generalstudymoduleattr
    (id, study_instance_uid, study_date, study_time, study_id, accession_number, accession_hashed, study_description,
     performing_physician_name, operator_name, modality_type, procedure_code_meaning, requested_procedure_code_meaning,
     number_of_events, number_of_events_a, number_of_events_b, total_dap, total_dap_a, total_dap_b,
         total_rp_dose_a, total_rp_dose_b,
     total_agd_left, total_agd_right, total_agd_both, number_of_planes)
SELECT plan.id, CASE WHEN plan.id % 200 <> 150 OR named IS NOT NULL
    THEN '2.25.' || abs(hashint8extended(plan.id, 2)) END,
    sample.gap(started::date, plan.id, 'date', share), sample.gap(started::time, plan.id, 'time',
        share), 'S' || plan.id % 10000,
    CASE WHEN hashed THEN encode(sha256(to_char(plan.id, 'FM"ACC"0000000')::bytea), 'hex')
         WHEN named IS NOT NULL THEN to_char(plan.id, 'FM"ACC"0000000')
         WHEN plan.id % 40 = 9 THEN to_char(plan.id, 'FM0000000000000000')
         WHEN plan.id % 40 = 10 THEN sample.pick(awkward, plan.id, 'accession')
         ELSE sample.gap(to_char(plan.id, 'FM"ACC"0000000'), plan.id, 'accession') END,
    hashed,
    CASE WHEN broken.description IS NOT NULL THEN broken.description
         WHEN plan.id % 37 = 5 THEN sample.pick(awkward, plan.id, 'description')
             ELSE sample.pick(descriptions, plan.id, 'description') END,
    CASE WHEN plan.id % 31 = 5 THEN sample.pick(awkward, plan.id, 'physician')
         ELSE sample.pick(ARRAY['Invented^Ivy', 'Dr. Made, Up', NULL, ''], plan.id, 'physician') END,
    CASE WHEN plan.id % 41 = 5 THEN sample.pick(awkward, plan.id, 'operator')
         ELSE sample.pick(ARRAY['ABC', 'Fabricated^Fay', 'DE | FG', NULL], plan.id, 'operator') END,
    modality,
    CASE WHEN plan.id % 29 = 5 THEN sample.pick(awkward, plan.id, 'procedure')
        ELSE sample.pick(requests, plan.id, 'procedure') END,
    CASE WHEN plan.id % 43 = 5 THEN sample.pick(awkward, plan.id, 'requested')
        ELSE sample.pick(requests, plan.id, 'requested') END,
    CASE WHEN kind = 'NM' THEN NULL WHEN plan.id % 90 = 8 AND named IS NULL THEN plan.events + 3
         ELSE sample.gap(plan.events, plan.id, 'events', share) END,
    CASE WHEN kind <> 'NM' THEN coalesce(events_a, 0) END, CASE WHEN kind <> 'NM' THEN coalesce(events_b, 0) END,
    CASE WHEN kind <> 'NM' THEN sample.gap(coalesce(dap, 0), plan.id, 'total dap', share) END, dap_a, dap_b, rp_a, rp_b,
    left_breast.agd, right_breast.agd, both_breasts.agd, planes
FROM sample.plan
LEFT JOIN sample.worked_out AS sums USING (id)
LEFT JOIN sample.breast AS left_breast ON left_breast.study = plan.id AND left_breast.side = 'T-04030'
LEFT JOIN sample.breast AS right_breast ON right_breast.study = plan.id AND right_breast.side = 'T-04020'
LEFT JOIN sample.breast AS both_breasts ON both_breasts.study = plan.id AND both_breasts.side = 'T-04000'
LEFT JOIN sample.broken ON broken.id = plan.id
JOIN (SELECT left(kind, 2) AS of_kind, names AS descriptions FROM sample.names
    WHERE kind LIKE '% study') AS described ON of_kind = kind
JOIN (SELECT left(kind, 2) AS for_kind, names AS requests FROM sample.names
    WHERE kind LIKE '% request') AS requested ON for_kind = kind
CROSS JOIN sample.texts
CROSS JOIN LATERAL (SELECT CASE WHEN named IS NOT NULL THEN named LIKE '%hashed identity'
    ELSE plan.id % 60 = 11 END AS hashed,
                           CASE WHEN named IS NULL THEN 0.01 ELSE 0 END AS share) AS identity
ORDER BY plan.id;
