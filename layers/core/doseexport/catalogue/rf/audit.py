"""The audit of RF: DAP, dose at the reference point and fluoroscopy time of studies, and OpenREM's alerts."""

from __future__ import annotations

from doseexport.catalogue.columns import NUMBER, Column
from doseexport.catalogue.rf.exports import RF
from doseexport.catalogue.shared.audit import outliers
from doseexport.catalogue.shared.audit.quantities import FLUORO_TIME, RF_DAP, RP_DOSE
from doseexport.catalogue.shared.audit.reading import AuditRules
from doseexport.catalogue.shared.audit.specs import add_totals, keep_values, make_audit, read_studies
from doseexport.catalogue.shared.study import OF_STUDY
from doseexport.catalogue.shared.xray import PROJ_REPEAT_WARNING

_DAP_ALERTS, _RP_ALERTS = "DAP alerts", "RP dose alerts"

# The columns of the settings are read by name, because OpenREM 0.10 has no level of skin dose.
_LEVELS = """
LEFT JOIN (
    SELECT (settings->>'alert_total_dap_rf')::numeric * 0.000001 AS dap,
        (settings->>'alert_total_rp_dose_rf')::numeric AS rp,
        (settings->>'alert_skindose')::numeric AS skin
    FROM (
        SELECT to_jsonb(alert) AS settings FROM remapp_highdosemetricalertsettings alert ORDER BY id LIMIT 1
    ) first
) level ON true"""

_SKIN = (
    "(SELECT max(skin.peak_skin_dose) FROM remapp_skindosemapresults skin"
    f" WHERE skin.{OF_STUDY} AND skin.peak_skin_dose <> 'NaN')"
)


def _reach(dose: str, level: str, reason: int) -> str:
    return f"CASE WHEN {dose} >= {level} AND {dose} <> 'NaN' THEN {reason} ELSE 0 END"


_DAP_REASONS = " + ".join(
    (
        _reach("integ.dap", "level.dap", outliers.ALERT_DAP),
        _reach("study.total_dap_delta_weeks", "level.dap", outliers.ALERT_DAP_WINDOW),
    )
)
_RP_REASONS = " + ".join(
    (
        _reach("integ.rp", "level.rp", outliers.ALERT_RP),
        _reach("study.total_rp_dose_delta_weeks", "level.rp", outliers.ALERT_RP_WINDOW),
        _reach(_SKIN, "level.skin", outliers.ALERT_SKIN),
    )
)

_JOINS = (
    add_totals(
        "integ",
        "remapp_accumintegratedprojradiogdose",
        dap=keep_values("total.dose_area_product_total"),
        rp=keep_values("total.dose_rp_total"),
    )
    + add_totals("accproj", "remapp_accumprojxraydose", fluoro=keep_values("total.total_fluoro_time"))
    + _LEVELS
)

SPECS = (
    make_audit(
        RF,
        AuditRules("RF", alerts={_DAP_ALERTS: 0, _RP_ALERTS: 1}),
        read_studies(
            (
                Column(RF_DAP.name, "integ.dap", NUMBER, "Gy.m2 (113722, DCM)"),
                Column(RP_DOSE.name, "integ.rp", NUMBER, "Gy (113725, DCM)"),
                Column(FLUORO_TIME.name, "accproj.fluoro", NUMBER, "s (113730, DCM)"),
                Column(_DAP_ALERTS, _DAP_REASONS, NUMBER, "alerts of DAP, as bits"),
                Column(_RP_ALERTS, _RP_REASONS, NUMBER, "alerts of RP dose and skin dose, as bits"),
            ),
            _JOINS,
        ),
        None,
        (PROJ_REPEAT_WARNING,),
    ),
)
