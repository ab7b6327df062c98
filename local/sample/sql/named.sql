-- List the named studies of the other modalities. Each has one defect: specific to its modality, to X-ray, or general.
-- others.sql adds them to sample.broken. named_exposures.sql says how their exposures differ from plain ones.

CREATE TABLE sample.named AS
SELECT kind, row_number() OVER (ORDER BY kind, own, nth) AS place, kind || ' ' || name AS name, events
FROM (
    SELECT kind, 3 AS own, nth, name, CASE WHEN kind = 'NM' THEN 0 ELSE 2 END AS events
    FROM unnest(ARRAY['RF', 'MG', 'DX', 'NM']) AS kind,
        unnest(ARRAY['two patient rows', 'two patient study rows', 'no patient row',
            'no patient study row', 'two equipment rows',
                     'no equipment row', 'bare rows', 'no equipment name', 'hashed identity',
                         'indicator empty', 'indicator text',
                     'no date', 'no time']) WITH ORDINALITY AS given (name, nth)
    UNION ALL
    SELECT kind, 2, nth, name, events
    FROM unnest(ARRAY['RF', 'MG', 'DX']) AS kind,
        ROWS FROM (unnest(ARRAY['no dose row', 'two dose rows', 'no events', 'no source row',
            'two source rows', 'no mechanical row',
                                'two mechanical rows', 'no distance row', 'two distance rows',
                                    'no detector row', 'two detector rows',
                                'no accumulated row', 'two accumulated rows', 'no totals', 'two totals',
                                    'no pulse rows', 'several pulse rows',
                                'no protocols', 'no identifiers', 'repeated identifiers', 'no meanings', 'all filters',
                                'all text awkward', 'extreme numbers', 'wrong count', 'standard names', 'also CT']),
                   unnest(ARRAY[0, 4, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 7, 4, 4, 3, 2, 27, 61, 3, 3, 3, 2]))
        WITH ORDINALITY AS given (name, events, nth)
    UNION ALL
    SELECT kind, 1, row_number() OVER (), name, events
    FROM (VALUES
        ('RF', 'biplane', 6), ('RF', 'biplane and a single plane', 5), ('RF', 'plane B alone', 3),
            ('RF', 'plane B before A', 4),
        ('RF', 'planes of another scheme', 4), ('RF', 'no plane', 3), ('RF', 'angles', 14),
            ('RF', 'rates and fields', 8),
        ('RF', 'filters of groups', 8), ('RF', 'event types', 8), ('RF', 'zero dose', 3), ('RF', 'no dose recorded', 3),
        ('RF', 'summer time', 5), ('RF', 'field sizes', 4), ('RF', 'grids', 4), ('RF', 'positions', 5),
        ('RF', 'only fluoroscopy', 3), ('RF', 'only acquisitions', 3),
        ('MG', 'views', 29), ('MG', 'modifiers', 9), ('MG', 'words', 14), ('MG', 'sides', 8), ('MG', 'specimens', 5),
        ('MG', 'no target', 2), ('MG', 'filters of NHSBSP', 8), ('MG', 'zero dose', 2), ('MG', 'Hologic pairs', 8),
        ('MG', 'Pristina 2D', 4), ('MG', 'Pristina tomosynthesis', 4),
            ('MG', 'Giotto tomosynthesis', 4), ('MG', 'images', 4),
        ('MG', 'image tomosynthesis', 6), ('MG', 'contradictions', 4), ('MG', 'no types', 4),
            ('MG', 'contrast-enhanced', 8),
        ('MG', 'repeats', 9), ('MG', 'all dropped', 3), ('MG', 'modes', 9), ('MG', 'bare exposures', 3),
        ('DX', 'seven projections', 7), ('DX', 'many projections', 23), ('DX', 'CR study', 2), ('DX', 'PX study', 1),
        ('DX', 'unequal rows', 5), ('DX', 'zero dose', 2), ('DX', 'no dose recorded', 2), ('DX', 'positions', 6),
        ('DX', 'exposure indices', 4), ('DX', 'no frames declared', 3),
            ('DX', 'more frames declared', 2), ('DX', 'two planes', 4), ('DX', 'fewer counted', 8),
                ('DX', 'not counted', 2),
        ('NM', 'two administrations', 0), ('NM', 'two radiopharmaceutical rows', 0),
            ('NM', 'no radiopharmaceutical row', 0),
        ('NM', 'no administration', 0), ('NM', 'many children', 0), ('NM', 'no children', 0),
            ('NM', 'agent as text', 0), ('NM', 'no agent', 0),
        ('NM', 'activity None', 0), ('NM', 'summer time', 0), ('NM', 'two characteristics', 0),
            ('NM', 'no meanings', 0),
        ('NM', 'zero dose', 0), ('NM', 'all text awkward', 0), ('NM', 'extreme numbers', 0)
    ) AS given (kind, name, events)
) AS every;
