"""Where the values of audits come from, for the dictionary. Only what makes or describes audits loads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Origin:
    """What the values of a quantity are, and where they come from.

    `stored` is the unit in OpenREM. `exam` is the source of the exams of events. `detail` names the detail,
    and `detail_source` is its source. They are empty for values of studies.
    """

    meaning: str
    source: str
    dicom: str
    stored: str
    exam: str = ""
    detail: str = ""
    detail_source: str = ""


_INTEGRATED, _PROJECTION = "accumintegratedprojradiogdose.", "accumprojxraydose."
_CT_EVENT, _XRAY_EVENT = "ctirradiationeventdata.", "irradeventxraydata."
_NM_EVENT = "radiopharmaceuticaladministrationeventdata."
_PLANES = "of all planes of the study"

ORIGINS: Mapping[str, Origin] = MappingProxyType(
    {
        "DLP": Origin(
            "total DLP of the study",
            "ctaccumulateddosedata.ct_dose_length_product_total",
            "113813 DCM",
            "mGy·cm",
        ),
        "CTDIvol": Origin(
            "mean CTDIvol of an acquisition",
            f"{_CT_EVENT}mean_ctdivol",
            "113830 DCM",
            "mGy",
            f"{_CT_EVENT}acquisition_protocol",
            "phantom (16 cm, 32 cm or unknown)",
            f"{_CT_EVENT}ctdiw_phantom_type_id",
        ),
        "DAP": Origin(
            f"dose-area product {_PLANES}", f"{_INTEGRATED}dose_area_product_total", "113722 DCM", "Gy·m²"
        ),
        "RP dose": Origin(
            f"dose at the reference point {_PLANES}", f"{_INTEGRATED}dose_rp_total", "113725 DCM", "Gy"
        ),
        "Fluoroscopy time": Origin(
            f"time of fluoroscopy {_PLANES}", f"{_PROJECTION}total_fluoro_time", "113730 DCM", "s"
        ),
        "DAP per exposure": Origin(
            "dose-area product of an exposure",
            f"{_XRAY_EVENT}dose_area_product",
            "122130 DCM",
            "Gy·m²",
            f"{_XRAY_EVENT}acquisition_protocol",
            "view of the image",
            f"{_XRAY_EVENT}image_view_id",
        ),
        "AGD": Origin(
            "average glandular dose of an exposure",
            "irradeventxraysourcedata.average_glandular_dose",
            "111631 DCM",
            "mGy",
            f"{_XRAY_EVENT}acquisition_protocol",
            "technique, view and band of compressed thickness",
            f"{_XRAY_EVENT}irradiation_event_type_id, {_XRAY_EVENT}image_view_id,"
            " irradeventxraymechanicaldata.compression_thickness",
        ),
        "Activity": Origin(
            "administered activity",
            f"{_NM_EVENT}administered_activity",
            "113507 DCM",
            "MBq",
            detail="radiopharmaceutical",
            detail_source=f"{_NM_EVENT}radiopharmaceutical_agent_id,"
            f" {_NM_EVENT}radiopharmaceutical_agent_string",
        ),
    }
)
"""The origins by the names of the quantities."""
