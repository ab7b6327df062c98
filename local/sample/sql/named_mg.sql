-- Override the exposures of the named mammography studies. Plain exposures repeat RCC, LCC, RMLO, LMLO.
INSERT INTO sample.override (name, first, last, values)
SELECT name, nth, nth, jsonb_build_object('view', code, 'laterality', 'G-A100') FROM sample.named
CROSS JOIN unnest(ARRAY['R-10242', '399162004', 'R-10226', '399368009', 'R-10224', '399260004', 'R-10228',
    '399352003', 'R-10230', '399099002',
                        'R-10244', '399196006', 'R-102D0', '399188001', 'R-40AAA', '441555000', 'R-1024A',
                            '399192008', 'R-1024B', '399101009',
                        'LOCAL-CC', 'LOCAL-MLO', 'LOCAL-ML', 'LOCAL-FB', 'LOCAL-XCC', 'LOCAL-ODD',
                            'LOCAL-1', 'X-NONE', NULL])
    WITH ORDINALITY AS given (code, nth)
WHERE name = 'MG views';
INSERT INTO sample.override (name, first, last, values)
SELECT 'MG words', nth, nth, jsonb_build_object('protocol', word)
FROM sample.names CROSS JOIN unnest(names) WITH ORDINALITY AS given (word, nth)
WHERE kind = 'MG words';

-- Two exposures per view.
INSERT INTO sample.override (name, first, last, values)
SELECT 'MG ' || name, 2 * nth - 1, 2 * nth, jsonb_build_object('view', view, 'laterality', side)
FROM unnest(ARRAY['Hologic pairs', 'contrast-enhanced']) AS name,
    ROWS FROM (unnest(ARRAY['R-10242', 'R-10242', 'R-10226', 'R-10226']),
        unnest(ARRAY['G-A100', 'G-A101', 'G-A100', 'G-A101']))
    WITH ORDINALITY AS given (view, side, nth);

INSERT INTO sample.override (name, first, last, values)
SELECT 'MG ' || name, first, last, given::jsonb FROM (VALUES
    ('modifiers', 1, 1, '{"modifiers": ["R-102D6"]}'), ('modifiers', 2, 2, '{"modifiers": ["399163009"]}'),
        ('modifiers', 3, 3, '{"modifiers": ["R-102D7"]}'),
    ('modifiers', 4, 4, '{"modifiers": [null]}'), ('modifiers', 5, 5, '{"modifiers": ["R-102D7", "R-102D6"]}'),
        ('modifiers', 6, 6, '{"modifiers": [null, "R-102D5", null, "R-102D2"]}'),
    ('modifiers', 7, 7, '{"modifiers": null, "magnification": 1.8}'), ('modifiers', 8, 8, '{"modifiers": ["X-NONE"]}'),
        ('modifiers', 9, 9, '{"modifiers": ["LOCAL-1"]}'),
    ('words', 14, 14, '{"protocol": "Nothing to say"}'),
    ('sides', 1, 1, '{"laterality": null}'), ('sides', 2, 2, '{"laterality": "G-A102"}'),
        ('sides', 3, 3, '{"laterality": "7771000"}'),
    ('sides', 4, 4, '{"laterality": "24028007"}'), ('sides', 5, 5, '{"laterality": "T-04030"}'),
        ('sides', 6, 6, '{"laterality": "X-NONE"}'),
    ('sides', 7, 7, '{"laterality": null, "region": "T-04020"}'),
        ('sides', 8, 8, '{"laterality": "G-A101", "region": "T-04000"}'),
    ('specimens', 1, 1, '{"view": "G-8310"}'), ('specimens', 2, 2, '{"view": "127457009"}'),
        ('specimens', 3, 3, '{"view": "LOCAL-SPEC"}'),
    ('specimens', 4, 4, '{"protocol": "Specimen, left"}'),
    ('no target', 1, 1, '{"target": null}'), ('no target', 2, 2, '{"target": "X-NONE"}'),
    ('filters of NHSBSP', 1, 1, '{"filters": "none"}'), ('filters of NHSBSP', 2, 2, '{"filters": "no material"}'),
        ('filters of NHSBSP', 3, 3, '{"filters": "Cu and no material"}'),
    ('filters of NHSBSP', 4, 4, '{"filters": "Rh and Ag"}'), ('filters of NHSBSP', 5, 5, '{"filters": "Ag tenfold"}'),
        ('filters of NHSBSP', 6, 6, '{"filters": "Sn", "target": "LOCAL-W"}'),
    ('filters of NHSBSP', 7, 7, '{"filters": "awkward", "target": "LOCAL-K"}'),
        ('filters of NHSBSP', 8, 8, '{"filters": "MG Ti", "target": "C-150F9"}'),
    ('zero dose', 1, 1, '{"agd": 0, "thickness": 128, "kvp": [20]}'),
        ('zero dose', 2, 2, '{"agd": null, "entrance": 0}'),
    -- Tomosynthesis and 2D of each view.
    ('Hologic pairs', 1, 8, '{"type": "113613", "filters": "MG Al", "protocol": "Combo Hologic"}'),
        ('Hologic pairs', 2, 2, '{"type": "113611", "filters": "Rh", "protocol": "Conventional"}'),
    ('Hologic pairs', 4, 4, '{"type": "113611", "filters": "Ag", "protocol": "Conventional"}'),
        ('Hologic pairs', 6, 6, '{"type": "113611", "filters": "Rh", "protocol": null}'),
    ('Hologic pairs', 8, 8, '{"type": "113611", "filters": "Rh", "protocol": ""}'),
    ('Pristina 2D', 1, 4,
        '{"target": "C-167F9", "filters": "Ag twice", "kvp": [26, 34.045], "current": [51.44, 558.06],
        "pulse_width": [2, 30.48], "exposure": null}'),
    ('Pristina tomosynthesis', 1, 4,
        '{"type": "113613", "target": "C-167F9", "filters": "Ag tenfold",
        "kvp": [34, 34, 34, 34, 34, 34, 34, 34, 34, 34],
        "current": [40, 40, 40, 40, 40, 40, 40, 40, 40, null],
            "pulse_width": [4, 4, 4, 4, 4, 4, 4, 4, 4, 4], "exposure": null}'),
    ('Giotto tomosynthesis', 1, 4,
        '{"type": "113613", "region": "T-04000", "filters": "Ag elevenfold", "protocol": "", "exposure_time": null,
        "kvp": [28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 0], "current": [104, 104, 104, 104, 104, 104,
            104, 104, 104, 104, 104],
        "exposure": [12717.5, 12717.5, 12717.5, 12717.5, 12717.5, 12717.5, 12717.5, 12717.5, 12717.5, 12717.5, 0],
            "pulse_width": null}'),
    ('images', 1, 2, '{"target": "C-150F9", "filters": "Mo"}'),
        ('images', 3, 4, '{"target": "C-167F9", "filters": "Rh"}'),
    ('image tomosynthesis', 1, 1, '{"protocol": "Flat Field TOMO"}'),
        ('image tomosynthesis', 2, 2, '{"protocol": "Combo"}'),
        ('image tomosynthesis', 3, 3, '{"protocol": "l cc 3d"}'),
    ('image tomosynthesis', 4, 4, '{"protocol": "DBT"}'), ('image tomosynthesis', 5, 5, '{"filters": "MG Al"}'),
        ('image tomosynthesis', 6, 6, '{"type": "113613"}'),
    ('contradictions', 1, 1, '{"protocol": "R CC Tomo"}'), ('contradictions', 2, 2,
        '{"type": "113613", "protocol": "Conventional 2D"}'),
    ('contradictions', 3, 3, '{"filters": "MG Al"}'), ('contradictions', 4, 4, '{"type": "113613"}'),
    ('no types', 1, 4, '{"type": null}'), ('no types', 2, 2, '{"protocol": "Tomo HD"}'),
        ('no types', 3, 3, '{"filters": "MG Al"}'),
    ('contrast-enhanced', 2, 2, '{"filters": "MG Cu", "kvp": [49]}'),
        ('contrast-enhanced', 4, 4, '{"filters": "MG Cu", "kvp": [49]}'),
    ('contrast-enhanced', 6, 6, '{"filters": "MG Ti", "kvp": [49]}'),
        ('contrast-enhanced', 8, 8, '{"filters": "MG Ti", "kvp": [49]}'),
    -- Three exposures of one view, with exposures between them that are dropped.
    ('repeats', 1, 9, '{"view": "R-10242", "laterality": "G-A101"}'), ('repeats', 2, 2, '{"protocol": "SCOUT"}'),
        ('repeats', 4, 4, '{"view": "399162004"}'),
    ('repeats', 5, 5, '{"laterality": "G-A100"}'), ('repeats', 7, 7, '{"type": "113613"}'),
        ('repeats', 8, 8, '{"view": "LOCAL-CC", "laterality": "7771000"}'),
    ('all dropped', 1, 1, '{"laterality": null}'), ('all dropped', 2, 2, '{"view": null}'),
        ('all dropped', 3, 3, '{"protocol": "biopsy"}'),
    ('modes', 1, 1, '{"mode": "AUTOMATIC"}'), ('modes', 2, 2, '{"mode": "manual"}'), ('modes', 3, 3, '{"mode": "AEC"}'),
        ('modes', 4, 4, '{"mode": null}'), ('modes', 5, 5, '{"mode": ""}'),
    ('modes', 6, 6, '{"mode": "SEMIAUTO MANUAL"}'), ('modes', 7, 7, '{"mode": "=AUTO"}'),
        ('modes', 8, 8, '{"mode": " AUTO "}'), ('modes', 9, 9, '{"mode": "TEC, \"x\""}'),
    ('bare exposures', 1, 1, '{"kvp": null, "exposure": null, "current": null, "pulse_width": null}'),
        ('bare exposures', 2, 2, '{"thickness": null, "exposure": [null]}'),
    ('bare exposures', 3, 3,
        '{"kvp": null, "exposure": null, "pulse_width": null, "thickness": null, "force": null, "agd": null,
        "mode": null, "entrance": null}')
) AS given (name, first, last, given);
