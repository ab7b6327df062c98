"""The text of a CT event's Dose Check (NEMA XR 25, DICOM TID 1020) as SQL over `chk`.

Alerts and notifications have the same text but for one word: the CTDIvol estimate of a notification is
not called accumulated (docs/export-rules.md §2). Values have two decimals, halves rounded to even.
"""

from __future__ import annotations


def round_half_even(value: str, decimals: int = 2) -> str:
    """Return SQL for the text of `value` with this number of decimals, halves rounded to even."""
    half = f"mod(abs({value}) * {10**decimals}, 2) = 0.5"
    less = f"{0.1 ** (decimals + 1):.{decimals + 1}f}"
    return f"round({value} - CASE WHEN {half} THEN sign({value}) * {less} ELSE 0 END, {decimals})::text"


def _write_limit(part: str, quantity: str, unit: str, estimate: str, words: str) -> str:
    column = quantity.lower()
    return f"""CASE WHEN chk.{column}_{part}_value_configured THEN
        '{quantity} {part} is configured at '
        || coalesce({round_half_even(f"chk.{column}_{part}_value")}, 'an unrecorded value') || ' {unit}'
        || CASE WHEN chk.{estimate} <> 0
           THEN ' with {words} of ' || {round_half_even(f"chk.{estimate}")} || ' {unit}. '
           ELSE ' with no {words.removeprefix("an ").removeprefix("a ")} recorded. ' END
        ELSE '' END"""


def _write_people(part: str) -> str:
    """Return SQL for the reason that was typed, and for the names of who authorised the irradiation."""
    persons = (
        "(SELECT string_agg(person.person_name, ' | ' ORDER BY person.id)"
        " FROM remapp_personparticipant person"
        f" WHERE person.ct_dose_check_details_{part}_id = chk.id AND person.person_name <> '')"
    )
    return f"""
        || coalesce('Reason for proceeding: ' || nullif(chk.{part}_reason_for_proceeding, '') || '. ', '')
        || coalesce('Person authorizing irradiation: ' || {persons} || '. ', '')"""


def _write_part(  # noqa: PLR0913, PLR0917  alerts and notifications differ in this many words
    part: str, title: str, dlp_estimate: str, ctdi_estimate: str, ctdi_words: str, people: str
) -> str:
    return f"""CASE WHEN chk.dlp_{part}_value_configured OR chk.ctdivol_{part}_value_configured THEN
        '{title}: '
        || {_write_limit(part, "DLP", "mGy.cm", dlp_estimate, "an accumulated forward estimate")}
        || {_write_limit(part, "CTDIvol", "mGy", ctdi_estimate, ctdi_words)}{people}
        ELSE '' END"""


def _write_check(alerts: str, notifications: str) -> str:
    forward = "an accumulated forward estimate"
    alert = ("alert", "Dose Check Alerts", "accumulated_dlp_forward_estimate")
    notification = ("notification", "Dose Check Notifications", "dlp_forward_estimate")
    return f"""CASE WHEN chk.id IS NOT NULL THEN
    {_write_part(*alert, "accumulated_ctdivol_forward_estimate", forward, alerts)}
    || {_write_part(*notification, "ctdivol_forward_estimate", "a forward estimate", notifications)}
    END"""


DOSE_CHECK = _write_check(_write_people("alert"), _write_people("notification"))
DOSE_CHECK_FIGURES = _write_check("", "")
"""The same without reasons and names."""
