"""Compare two ways to compute the audit of CT: values sorted by the worker, or groups made by PostgreSQL.

`python -m tests.benchmarks.audit URL [FURTHER URL …]` measures ct-csv, ct-audit and the statement below on
each database, in turn, RUNS times, and prints medians: wall time, CPU of the client and of PostgreSQL, and
the client's peak memory. docs/adr/0018-audit.md has the figures.
"""

import statistics
import sys
from collections.abc import Iterator

import psycopg

from tests.benchmarks.measure import Backends, Run, measure

RUNS = 3

# The same groups, quantiles, robust z and outliers, without rooms, DRLs and what is left out. Standard names
# are off, and the texts of phantoms and populations are shortened to what tells groups apart.
STATEMENT = """COPY (
WITH chosen AS (
    SELECT id, study_date, study_description FROM remapp_generalstudymoduleattr study
    WHERE modality_type = 'CT' AND NOT EXISTS (
        SELECT FROM remapp_patientmoduleattr pat
        WHERE pat.general_study_module_attributes_id = study.id AND pat.not_patient_indicator IS NOT NULL)),
patients AS (
    SELECT chosen.*, coalesce(nullif(uen.display_name, ''), '(none)') AS room, patient_weight AS weight,
        CASE WHEN patient_age_decimal >= 16 THEN 'adult'
             WHEN patient_age_decimal >= 0 THEN
                'child ' || coalesce(width_bucket(patient_weight, array[5, 15, 30, 50, 80]), -1)
             ELSE 'age unknown' END AS population
    FROM chosen
    LEFT JOIN remapp_patientstudymoduleattr patstudy
        ON patstudy.general_study_module_attributes_id = chosen.id
    LEFT JOIN remapp_generalequipmentmoduleattr equip ON equip.general_study_module_attributes_id = chosen.id
    LEFT JOIN remapp_uniqueequipmentnames uen ON uen.id = equip.unique_equipment_name_id),
vals AS (
    SELECT patients.id, NULL::integer AS event, coalesce(nullif(study_description, ''), '(none)') AS exam,
        room, population, 'DLP' AS quantity, '' AS detail, weight, sum(ct_dose_length_product_total) AS v
    FROM patients
    JOIN remapp_ctradiationdose dose ON dose.general_study_module_attributes_id = patients.id
    JOIN remapp_ctaccumulateddosedata acc ON acc.ct_radiation_dose_id = dose.id
    WHERE ct_dose_length_product_total > 0 AND ct_dose_length_product_total <> 'NaN'
    GROUP BY 1, 3, 4, 5, 8
    UNION ALL
    SELECT patients.id, event.id, coalesce(nullif(acquisition_protocol, ''), '(none)'), room, population,
        'CTDIvol', coalesce(phantom.code_value, ''), weight, mean_ctdivol
    FROM patients
    JOIN remapp_ctradiationdose dose ON dose.general_study_module_attributes_id = patients.id
    JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = dose.id
    LEFT JOIN remapp_contextid type ON type.id = event.ct_acquisition_type_id
    LEFT JOIN remapp_contextid phantom ON phantom.id = event.ctdiw_phantom_type_id
    WHERE mean_ctdivol > 0 AND mean_ctdivol <> 'NaN'
        AND coalesce(type.code_value, '') NOT IN ('113805', '113806')),
ranked AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY exam, room, population, quantity, detail ORDER BY v) AS rank,
        count(*) OVER (PARTITION BY exam, room, population, quantity, detail) AS n
    FROM vals),
groups AS MATERIALIZED (
    SELECT exam, room, population, quantity, detail, n, count(DISTINCT id) AS studies,
        count(weight) AS weighed, avg(weight) AS weight, min(v) AS low, max(v) AS high, avg(v) AS mean,
        avg(v) FILTER (WHERE rank IN ((n + 1) / 2, n / 2 + 1)) AS median,
        avg(ln(v::float8)) FILTER (WHERE rank IN ((n + 1) / 2, n / 2 + 1)) AS m,
        array_agg(v) FILTER (WHERE rank IN (
            floor((n - 1) * 0.25) + 1, floor((n - 1) * 0.25) + 2, floor((n - 1) * 0.75) + 1,
            floor((n - 1) * 0.75) + 2, floor((n - 1) * 0.95) + 1, floor((n - 1) * 0.95) + 2,
            greatest(floor((n - 1.96 * sqrt(n)) / 2), 1),
            least(ceil(1 + (n + 1.96 * sqrt(n)) / 2), n))) AS marks
    FROM ranked GROUP BY 1, 2, 3, 4, 5, 6),
spread AS MATERIALIZED (
    SELECT exam, room, population, quantity, detail, groups.m, groups.median,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(ln(v::float8) - groups.m)) AS mad
    FROM ranked JOIN groups USING (exam, room, population, quantity, detail)
    WHERE studies >= 20 GROUP BY 1, 2, 3, 4, 5, 6, 7)
SELECT to_jsonb(groups)::text FROM groups
UNION ALL
SELECT jsonb_build_array(exam, room, population, quantity, detail, id, event, v, v / median,
    0.6745 * (ln(v::float8) - m) / mad)::text
FROM ranked JOIN spread USING (exam, room, population, quantity, detail)
WHERE mad > 0 AND abs(0.6745 * (ln(v::float8) - m) / mad) > 3.5
) TO STDOUT"""

_READ = "import sys; from tests.benchmarks.audit import read_groups; read_groups(sys.argv[1])"


def read_groups(url: str) -> None:
    """Read what the statement returns, with the settings of an export."""
    with psycopg.connect(url) as connection:
        connection.execute("SET work_mem = '64MB'")
        connection.execute("SET random_page_cost = 1.1")
        connection.execute("SET jit = off")
        with connection.cursor().copy(STATEMENT) as copy:
            for _ in copy:
                pass


def main(urls: list[str]) -> None:
    """Measure every way on every database, and print the medians."""
    print(f"{'way':<12}{'studies':>9}{'wall s':>9}{'client s':>10}{'server s':>10}{'MB':>7}")
    for url in urls:
        backends = Backends(url)
        runs: dict[str, list[Run]] = {}
        for _ in range(RUNS):
            for way, command in _list_ways(url):
                runs.setdefault(way, []).append(measure(command, backends))
        backends.close()
        for way, each in runs.items():
            figures = (
                statistics.median(getattr(run, name) for run in each)
                for name in ("wall", "cpu", "server", "memory")
            )
            print(f"{way:<12}{_count(url):>9}", *(f"{figure:>9.1f}" for figure in figures), flush=True)


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        sql = "SELECT count(*) FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT'"
        (studies,) = connection.execute(sql).fetchone() or (0,)
    return int(studies)


def _list_ways(url: str) -> Iterator[tuple[str, list[str]]]:
    for export_type in ("ct-csv", "ct-audit"):
        options = ["--database-url", url, "--output", "/dev/null"]
        yield export_type, ["-m", "doseexport.cli", export_type, *options]
    yield "PostgreSQL", ["-c", _READ, url]


if __name__ == "__main__":
    main(sys.argv[1:])
