"""The columns of studies in tables of all modalities."""

from __future__ import annotations

from collections.abc import Iterable

from doseexport.catalogue.columns import Column
from doseexport.catalogue.shared.tables.columns import Names, rename_columns

_NAMES: Names = {
    "Patient name": "patient_name",
    "Patient ID": "patient_id",
    "Institution": "institution",
    "Manufacturer": "manufacturer",
    "Model name": "model_name",
    "Station name": "station_name",
    "Display name": "display_name",
    "Accession number": "accession_number",
    "Operator": "operator_name",
    "Physician": "physician_name",
    "Study date": "study_date",
    "Study time": "study_time",
    "Date of birth": "patient_birth_date",
    "Age": "patient_age_years",
    "Sex": "patient_sex",
    "Height": "patient_height_m",
    "Mass (kg)": "patient_mass_kg",
    "Test patient?": "test_patient",
    "Study description": "study_description",
    "Standard study name (study)": (),
    "Requested procedure": "requested_procedure",
    "Standard study name (request)": (),
    "Study Comments": "study_comments",
    "No. events": "number_of_events",
}
"""Standard names can be several, so they are a table of their own."""


def name_study_columns(columns: Iterable[Column], further: Names) -> tuple[Column, ...]:
    """Return the columns of a study in other files as those of a table.

    `further` are places of headings that only this modality has.
    """
    return rename_columns(columns, {**_NAMES, **further})
