-- Describe the exposures of the named studies: plain exposures that differ only by number, and overrides of these.

CREATE TABLE sample.plain AS
SELECT kind, given::jsonb AS values FROM (VALUES
    ('RF', '{"protocol": "Plain", "type": "P5-06000", "plane": "113622", "region": "T-D4000", "relationship": "F-10470",
        "orientation": "F-10450", "orientation_modifier": "F-10340",
            "reference_point": "15cm from Isocenter toward Source",
        "pulse_rate": 15, "average_current": 100, "focal_spot": 0.6, "area": 0.04, "field_size": 220, "mode": "AUTO",
        "fluoro_mode": "113631", "grids": ["111642"], "filters": "Cu", "kvp": [70],
            "current": [100], "pulse_width": [5],
        "exposure": [500], "primary_angle": 0, "secondary_angle": 0, "detector_distance": 1000,
            "isocenter_distance": 765,
        "table_longitudinal": 1, "table_lateral": 2, "table_height": 3}'),
    ('MG', '{"protocol": "Plain", "type": "113611", "plane": "113622", "anatomy": "T-04000",
        "fibroglandular": 20, "entrance": 4,
        "average_current": 80, "exposure_time": 500, "focal_spot": 0.3, "area": 0.0696,
            "mode": "AUTO", "target": "C-164F9",
        "filters": "Rh", "kvp": [28], "current": [80], "pulse_width": [500], "exposure": [40000], "primary_angle": 0,
        "secondary_angle": 0, "thickness": 50, "force": 80, "magnification": 1,
            "detector_distance": 650, "radiological": 45}'),
    ('DX', '{"protocol": "Plain", "type": "113611", "plane": "113622", "view": "R-10206", "anatomy": "T-D3000",
        "orientation": "F-10440",
        "entrance": 0.1, "average_current": 200, "exposure_time": 10, "focal_spot": 1.2,
            "mode": "AUTOMATIC", "grid_distance": 1800,
        "grids": ["111642"], "filters": "Al+Cu", "kvp": [80], "current": [200], "pulse_width": [10], "exposure": [2000],
        "exposure_index": 250, "target_index": 250, "deviation": 0, "relative": 100, "detector_distance": 1100,
        "isocenter_distance": 900, "surface_distance": 800, "table_height": 700}')
) AS plain (kind, given);

-- The values that replace those of exposures `first` to `last` of a study. Later overrides win.
CREATE TABLE sample.override (nr serial, name text, first integer, last integer, values jsonb);
-- Overrides for every modality.
INSERT INTO sample.override (name, first, last, values)
SELECT kind || ' ' || name, first, last, given::jsonb
FROM unnest(ARRAY['RF', 'MG', 'DX']) AS kind, (VALUES
    ('no pulse rows', 1, 1,
        '{"kvp": null, "current": null, "pulse_width": null, "exposure": null, "filters": null, "grids": null}'),
    ('several pulse rows', 1, 1,
        '{"kvp": [70, 0, null, 80], "current": [100, 0, null, 50], "pulse_width": [5, 0, null, 10],
        "exposure": [1, 0, null, 2.5]}'),
    ('several pulse rows', 2, 2,
        '{"kvp": [0, null], "current": [0, 0], "pulse_width": [null, null], "exposure": [null, null]}'),
    ('several pulse rows', 3, 3, '{"kvp": [0], "current": [0], "pulse_width": [0], "exposure": [0]}'),
    ('several pulse rows', 4, 4, '{"kvp": [null], "current": [null], "pulse_width": [null], "exposure": [null]}'),
    ('several pulse rows', 5, 5, '{"current": [10, 20, null], "pulse_width": [3, 4, 5], "exposure": null}'),
    ('several pulse rows', 6, 6, '{"current": [10, 20], "pulse_width": [3, 4, 5], "exposure": null}'),
    ('several pulse rows', 7, 7,
        '{"kvp": [60, 61, 61], "current": [51.44, 558.06], "pulse_width": [2, 30.48], "exposure": [null]}'),
    ('no protocols', 1, 1, '{"protocol": ""}'), ('no protocols', 2, 3, '{"protocol": null}'),
        ('no protocols', 4, 4, '{"protocol": " "}'),
    ('no identifiers', 1, 1, '{"uid": null}'), ('no identifiers', 2, 2, '{"type": null}'),
        ('no identifiers', 3, 3, '{"plane": null}'),
    ('no identifiers', 4, 4, '{"uid": null, "type": null, "plane": null, "started": null, "protocol": null}'),
    ('repeated identifiers', 1, 3, '{"uid": "2.25.1"}'),
    ('no meanings', 1, 2,
        '{"type": "X-NONE", "plane": "X-NONE", "view": "X-NONE", "laterality": "X-NONE",
        "anatomy": "X-NONE", "region": "X-NONE",
        "relationship": "X-NONE", "orientation": "X-NONE", "orientation_modifier": "X-NONE",
            "target": "X-NONE", "fluoro_mode": "X-NONE",
        "modifiers": ["X-NONE"], "grids": ["X-NONE"], "filters": "no meaning"}'),
    ('extreme numbers', 1, 1,
        '{"dap": 9999.9999999999, "entrance": 99999999.99999999, "dose_rp": 9999.999999999999, "agd": 9999.9999,
        "exposure_time": 99999999999999.99, "kvp": [99999999.99999999], "current": [99999999.99999999],
            "pulse_width": [99999999.99999999],
        "exposure": [99999999999999.99], "thickness": 99999999.99999999, "field_size": 2147483647, "primary_angle": 180,
            "secondary_angle": -180}'),
    ('extreme numbers', 2, 2,
        '{"dap": 0.0000000001, "entrance": 0.00000001, "dose_rp": 0.000000000001,
        "agd": 0.00000001, "exposure_time": 0.01,
        "kvp": [0.00000001, 0.00000003], "current": [0.00000001], "pulse_width": [0.00000001],
            "exposure": [0.01], "thickness": 0.00000001,
        "primary_angle": -0.00000001}'),
    ('extreme numbers', 3, 3,
        '{"dap": -0.00001, "entrance": -1, "dose_rp": -1, "agd": -1, "exposure_time": -1, "kvp": [-70], "current": [-1],
        "pulse_width": [-1], "exposure": [-1], "thickness": -1, "duration": 0, "pulses": 0, "average_current": 0}'),
    ('standard names', 1, 1, '{"protocol": "Linked once"}'), ('standard names', 2, 2, '{"protocol": "Linked twice"}'),
    ('standard names', 3, 3, '{"protocol": "Linked never"}')
) AS given (name, first, last, given);
INSERT INTO sample.override (name, first, last, values)
SELECT kind || ' all filters', nth, nth, jsonb_build_object('filters', name)
FROM unnest(ARRAY['RF', 'MG', 'DX']) AS kind,
    (SELECT name, row_number() OVER (ORDER BY min(material), name)::integer AS nth FROM sample.filter
        WHERE name NOT LIKE 'Ag%' GROUP BY name) AS sets;
INSERT INTO sample.override (name, first, last, values)
SELECT kind || ' all filters', 27, 27, '{"filters": null}' FROM unnest(ARRAY['RF', 'MG', 'DX']) AS kind;
INSERT INTO sample.override (name, first, last, values)
SELECT kind || ' all text awkward', nth, nth,
    jsonb_build_object('protocol', awkward[nth], 'comment', awkward[last + 1 - nth], 'mode',
        left(awkward[nth], 16), 'reference_point', awkward[nth])
FROM unnest(ARRAY['RF', 'MG', 'DX']) AS kind, sample.texts, cardinality(awkward) AS last,
    generate_series(1, last) AS nth;
