-- Create the codes of projection X-ray and nuclear medicine, after CT's fifteen. As in OpenREM, there is one row per
-- code value, with the text that arrived first.

INSERT INTO remapp_contextid (id, code_value, code_meaning, cid_table)
SELECT 15 + row_number() OVER (), code, meaning, ''
FROM (VALUES
    -- Event types (fluoroscopy in both schemes) and planes. The last two planes are vendor-specific.
    ('P5-06000', 'Fluoroscopy'), ('44491008', 'Fluoroscopy'), ('113611', 'Stationary Acquisition'),
    ('113612', 'Stepping Acquisition'), ('113613', 'Rotational Acquisition'),
    ('113620', 'Plane A'), ('113621', 'Plane B'), ('113622', 'Single Plane'),
    ('LOCAL-FRONTAL', 'Frontal'), ('LOCAL-LATERAL', 'Lateral'),
    -- Sources of the doses (CT has 113856), procedures, and the devices' reference points.
    ('113866', 'Copied From Image Attributes'), ('113867', 'Computed From Image Attributes'),
        ('113857', 'Manual Entry'),
    ('113704', 'Projection X-Ray'), ('P5-40010', 'Mammography'), ('P5-06020', 'Fluoroscopic procedure'),
    ('113860', '15cm from Isocenter toward Source'), ('113861', '30cm in Front of Image Input Surface'),
    ('113631', 'Pulsed'), ('113630', 'Continuous'),
    -- Sides.
    ('G-A101', 'Left'), ('G-A100', 'Right'), ('G-A102', 'Right and left'), ('7771000', 'Left'), ('24028007', 'Right'),
    ('51440002', 'Right and left'), ('T-04030', 'Left breast'), ('T-04020', 'Right breast'), ('T-04000', 'BREAST'),
    -- Views (CID 4014) in both schemes, then views that only their text identifies.
    ('R-10242', 'cranio-caudal'), ('399162004', 'Cranio-Caudal'), ('R-10226', 'medio-lateral oblique'),
    ('399368009', 'MEDIO-LATERAL OBLIQUE'), ('R-10224', 'medio-lateral'), ('399260004', 'medial-lateral'),
    ('R-10228', 'latero-medial'), ('399352003', 'Latero-medial'), ('R-10230', 'latero-medial oblique'),
    ('399099002', 'latero-medial oblique'), ('R-10244', 'caudo-cranial (from below)'), ('399196006', 'caudo-cranial'),
    ('R-102D0', 'superolateral to inferomedial oblique'), ('399188001', 'Superolateral to Inferomedial Oblique'),
    ('R-40AAA', 'inferomedial to superolateral oblique'), ('441555000', 'inferomedial to superolateral oblique'),
    ('R-1024A', 'cranio-caudal exaggerated laterally'), ('399192008', 'cranio-caudal exaggerated laterally'),
    ('R-1024B', 'cranio-caudal exaggerated medially'), ('399101009', 'CC exaggerated medially'),
    ('G-8310', 'tissue specimen from breast'), ('127457009', 'Tissue Specimen'),
    ('LOCAL-CC', 'CRANIO-CAUDAL'), ('LOCAL-MLO', 'Medio-Lateral Oblique'), ('LOCAL-ML', 'Medial-Lateral'),
    ('LOCAL-FB', 'Caudo-Cranial'), ('LOCAL-XCC', 'exaggerated cranio-caudal'),
        ('LOCAL-SPEC', 'Breast SPECIMEN, excised'),
    ('LOCAL-ODD', 'axillary "special", 30 degrees'),
    ('R-10206', 'antero-posterior'), ('R-10214', 'postero-anterior'), ('R-10236', 'left lateral'),
    -- View modifiers (CID 4015).
    ('R-102D6', 'Magnification'), ('399163009', 'magnification'), ('R-102D7', 'Spot Compression'),
    ('399055006', 'Spot compression'), ('R-102D5', 'Implant Displaced'), ('R-102D2', 'Cleavage'),
    -- Filter and target materials: as stored, by the current standard, and as text only.
    ('C-120F9', 'Aluminum or Aluminum compound'), ('C-127F9', 'Copper or Copper compound'),
    ('C-137F9', 'Silver or Silver compound'), ('C-167F9', 'Rhodium or Rhodium compound'),
    ('C-150F9', 'Molybdenum or Molybdenum compound'), ('C-164F9', 'Tungsten or Tungsten compound'),
    ('C-12700', 'Copper'), ('C-12000', 'Aluminium'), ('66925006', 'Copper'), ('12503006', 'ALUMINUM'),
        ('71128006', 'Molybdenum'),
    ('41967008', 'Silver'), ('59801003', 'Rhodium'), ('12597001', 'Tin or Tin compound'), ('767776000', 'Niobium'),
    ('767775001', 'Europium'), ('45215009', 'Tantalum'), ('88488004', 'Lead'),
        ('LOCAL-TI', 'Titanium or Titanium compound'),
    ('LOCAL-W', 'TUNGSTEN (sintered)'), ('LOCAL-K', 'K-edge, "proprietary"'), ('LOCAL-CU', 'copper 99,9 %'),
    ('113650', 'Strip filter'), ('113651', 'Wedge filter'), ('113653', 'Flat filter'), ('111609', 'No Filter'),
    -- Grids, positions, anatomy.
    ('111641', 'Fixed grid'), ('111642', 'Focused grid'), ('111643', 'Reciprocating grid'), ('111646', 'No grid'),
    ('F-10450', 'recumbent'), ('F-10440', 'erect'), ('F-10340', 'supine'), ('F-10310', 'prone'),
    ('F-10470', 'headfirst'), ('F-10480', 'feet-first'),
    ('T-D4000', 'Abdomen'), ('T-D9200', 'Knee'), ('T-D8800', 'Finger'), ('T-15710', 'Hip joint'), ('T-11100', 'Skull'),
    -- Awkward code meanings. CT's X-NONE has no meaning at all.
    ('LOCAL-1', E'a, "b"\r\n<&> _x0041_'), ('LOCAL-2', '=1+1'), ('LOCAL-3', ''),
    -- Nuclear medicine.
    ('C-B1031', 'Fluorodeoxyglucose F^18^'), ('C-B1300', 'Technetium Tc^99m^ medronate'),
        ('C-B1072', 'Sodium iodide I^123^'),
    ('C-111A1', '^18^Fluorine'), ('C-163A8', '99m Technetium'), ('C-114A4', '^123^Iodine'),
    ('P5-0A00A', 'PET study for localization of tumor'), ('P5-D0001', 'Bone scan'),
    ('G-D101', 'Intravenous route'), ('G-D140', 'Oral route'), ('G-D103', 'Inhalation'),
    ('113851', 'Irradiation Administering'), ('121099', 'Certified Operator'),
    ('T-B3000', 'Adrenal gland'), ('T-A0100', 'Brain'), ('T-57000', 'Stomach'),
        ('T-71000', 'Kidney'), ('T-62002', 'Liver'),
    ('T-28000', 'Lung'), ('T-87000', 'Ovary'), ('T-C1000', 'Bone Marrow'),
        ('T-B6000', 'Thyroid'), ('T-74000', 'Bladder'),
    ('71919-010', 'Aconitum radix'), ('ICRP-128', 'ICRP Publication 128'),
    ('113560', 'Acute unilateral renal blockage'), ('F-10480-D', 'Diabetic'), ('113561', 'Fasting'),
    ('122240', 'BSA = 0.003207*WT^(0.7285-0.0188*log(WT))*HT^0.3'), ('122241', 'BSA = 0.007184*WT^0.425*HT^0.725'),
    ('122265', 'BMI = Wt/Ht^2'), ('50210-4', 'Glomerular Filtration Rate Cystatin-based formula'),
    ('113573', 'Glomerular Filtration Rate by MDRD'), ('113574', 'Glomerular Filtration Rate black (MDRD)'),
    ('F', 'Female'), ('M', 'Male')
) AS given (code, meaning);

CREATE FUNCTION sample.code(wanted text) RETURNS integer IMMUTABLE PARALLEL SAFE
RETURN (SELECT id FROM remapp_contextid WHERE code_value = wanted);
CREATE FUNCTION sample.codes(VARIADIC wanted text[]) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT array_agg(sample.code(each) ORDER BY place) FROM unnest(wanted) WITH ORDINALITY AS given (each, place)';
