-- Create the CT events and their child rows. Ids increase with the study's id.
-- Every 21st study is a bystander of another modality. Of these, only NM studies (hybrid scanners) have CT events.

CREATE TABLE sample.study AS
SELECT id, modality,
    CASE WHEN broken.events IS NOT NULL THEN broken.events
         WHEN modality = 'NM' THEN 1
         WHEN modality IS DISTINCT FROM 'CT' OR luck < 0.01 THEN 0
         WHEN luck < 0.10 THEN 1 WHEN luck < 0.30 THEN 2 WHEN luck < 0.52 THEN 3 WHEN luck < 0.72 THEN 4
         WHEN luck < 0.84 THEN 5 WHEN luck < 0.91 THEN 6 WHEN luck < 0.95 THEN 8 WHEN luck < 0.975 THEN 10
         WHEN luck < 0.992 THEN 12 ELSE 13 + floor(20 * sample.chance(id, 'many'))::integer END AS events,
    1 + floor(13 * sample.chance(id, 'scanner'))::integer AS scanner,
    -- Some studies share one start time, and many others start on a quarter of an hour.
    CASE WHEN id < 400 AND id % 25 = 7 THEN timestamp '2023-05-05 10:00:00'
         WHEN id % 10 = 3 THEN day + interval '15 minutes' * floor(96 * clock)
         WHEN id % 10 < 6 THEN day + interval '1 second' * floor(86400 * clock)
         WHEN id % 10 = 6 THEN day + interval '0.5 seconds' * floor(172800 * clock)
         ELSE day + interval '1 second' * round((86400 * clock)::numeric, 6) END AS started
FROM generate_series(1, current_setting('sample.studies')::bigint * 21 / 20) AS id
LEFT JOIN sample.broken USING (id)
CROSS JOIN LATERAL (SELECT
    CASE WHEN id % 21 = 0 THEN sample.pick(ARRAY['DX', 'CR', 'RF', 'MG', 'NM', 'PX', NULL], id, 'modality')
         ELSE 'CT' END AS modality,
    sample.chance(id, 'events') AS luck,
    sample.chance(id, 'clock') * 0.999 AS clock,
    current_setting('sample.last_day')::timestamp
        + interval '1 day' * (floor(2500 * sample.chance(id, 'day')) - 2499) AS day) AS drawn
ORDER BY id;

-- A staging table, because several tables need the same protocol, tubes and length.
CREATE TABLE sample.event AS
SELECT event.id, study.id AS study, place, started + interval '40.5 seconds' * place AS started,
    protocol.name, protocol.type, protocol.ctdi, scanner.tubes AS scanner_tubes,
    CASE WHEN event.id % 90 = 0 THEN 0 WHEN protocol.type = 2 AND luck < 0.6 THEN scanner.tubes ELSE 1 END AS tubes,
    round((protocol.length * (0.8 + 0.4 * luck))::numeric, 2) AS length,
    sample.number(event.id, 'ctdi', protocol.ctdi * 0.5, protocol.ctdi * 1.7) AS ctdivol
FROM (SELECT row_number() OVER ()::integer AS id, study.id AS study, place
      FROM sample.study CROSS JOIN LATERAL generate_series(1, study.events) AS place) AS event
JOIN sample.study ON study.id = event.study
JOIN sample.scanner ON scanner.id = study.scanner
CROSS JOIN LATERAL (SELECT sample.chance(event.id, 'luck') AS luck) AS drawn
JOIN sample.protocol ON protocol.id =
    CASE WHEN study.events = 45 THEN 1 + place % 41  -- the awkward study uses all protocols
         WHEN place = 1 AND luck < 0.8 THEN 1
         ELSE 1 + floor(41 * power(sample.chance(event.id, 'protocol'), 1.7))::integer END
ORDER BY event.id;
CREATE INDEX ON sample.event (study, id);
ANALYZE sample.study, sample.event;

INSERT INTO remapp_ctirradiationeventdata
    (id, acquisition_protocol, irradiation_event_uid, exposure_time, nominal_single_collimation_width,
     nominal_total_collimation_width, pitch_factor, number_of_xray_sources, mean_ctdivol, dlp, xray_modulation_type,
     comment, date_time_started, series_description, ct_acquisition_type_id, ct_radiation_dose_id,
     ctdiw_phantom_type_id, target_region_id)
SELECT id, name, '2.25.' || abs(hashint8extended(id, 1)), sample.gap(sample.number(id, 'time', 0.4, 30), id, 'time'),
    sample.gap(sample.pick(ARRAY[0.5, 0.6, 0.625, 1.25, 5], id, 'single'), id, 'single'),
    sample.gap(sample.pick(ARRAY[10, 20, 38.4, 40, 57.6, 80, 160], id, 'total'), id, 'total'),
    CASE WHEN type = 2 THEN sample.gap(sample.number(id, 'pitch', 0.3, 3.2), id, 'pitch') END,
    sample.gap(greatest(tubes, 1), id, 'sources'),
    CASE WHEN type <> 3 OR id % 3 = 0 THEN sample.gap(ctdivol, id, 'ctdivol') END,
    CASE WHEN type <> 3 OR id % 3 = 0 THEN sample.gap(round(ctdivol * length / 10, 4), id, 'dlp') END,
    sample.gap(sample.pick(ARRAY['XYZ_EC', 'CARE Dose4D', 'NONE', 'Auto mA, z', 'DoseRight', ''], id, 'modulation'),
               id, 'modulation', 0.1),
    CASE WHEN id % 25 = 0 THEN sample.pick(awkward, id, 'comment')
         WHEN id % 5 = 0 THEN 'Internal technical scan parameters: Organ Characteristic = Abdomen' END,
    sample.gap(started AT TIME ZONE 'Europe/London', id, 'started'), 'Series ' || place,
    sample.gap(type, id, 'type'), study,
    sample.gap(CASE WHEN id % 70 = 0 THEN 8 WHEN ctdi > 40 THEN 6 ELSE 7 END, id, 'phantom', 0.05), 14
FROM sample.event CROSS JOIN sample.text;

INSERT INTO remapp_scanninglength
    (id, scanning_length, length_of_reconstructable_volume, exposed_range, top_z_location_of_scanning_length,
     bottom_z_location_of_scanning_length, frame_of_reference_uid, ct_irradiation_event_data_id)
SELECT id, sample.gap(length, id, 'length', 0.03), length * 0.95, length, 100, 100 - length, '2.25.' || id, id
FROM sample.event;

-- A single source is named A, sometimes B, or has no name: the name alone does not show which tube comes first.
INSERT INTO remapp_ctxraysourceparameters
    (id, identification_of_the_xray_source, kvp, maximum_xray_tube_current, xray_tube_current,
     exposure_time_per_rotation, ct_irradiation_event_data_id)
SELECT row_number() OVER (),
    CASE WHEN tubes = 2 THEN chr(64 + tube) ELSE sample.pick(ARRAY['A', 'A', 'A', 'A', 'B', '1', '', NULL], id, 'tube') END,
    sample.gap(sample.pick(ARRAY[70, 80, 100, 100, 120, 120, 120, 140, 150], n, 'kvp')::numeric, n, 'kvp'),
    sample.gap(sample.number(n, 'maximum', 300, 1300), n, 'maximum', 0.05),
    sample.gap(sample.number(n, 'current', 15, 700), n, 'current'),
    sample.gap(sample.pick(ARRAY[0.25, 0.28, 0.33, 0.5, 0.75, 1], n, 'rotation'), n, 'rotation'), id
FROM sample.event CROSS JOIN LATERAL generate_series(1, tubes) AS tube
CROSS JOIN LATERAL (SELECT id::bigint * 2 + tube AS n) AS numbered;
