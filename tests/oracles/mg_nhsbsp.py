"""NHSBSP's surveys computed a second time from OpenREM's tables (export-rules §6 and §13)."""

import re
from collections import defaultdict
from decimal import Decimal
from math import floor
from statistics import median

from tests.oracles.ct import first, write

VIEWS = {
    "CC": ["R-10242", "399162004", "cranio-caudal"],
    "OB": ["R-10226", "399368009", "medio-lateral oblique"],
    "ML": ["R-10224", "399260004", "medio-lateral", "medial-lateral"],
    "LM": ["R-10228", "399352003", "latero-medial"],
    "LMO": ["R-10230", "399099002", "latero-medial oblique"],
    "FB": ["R-10244", "399196006", "caudo-cranial (from below)", "caudo-cranial"],
    "SIO": ["R-102D0", "399188001", "superolateral to inferomedial oblique"],
    "ISO": ["R-40AAA", "441555000", "inferomedial to superolateral oblique"],
    "XCCL": ["R-1024A", "399192008", "cranio-caudal exaggerated laterally"],
    "XCCM": ["R-1024B", "399101009", "cranio-caudal exaggerated medially"],
    "XCC": ["exaggerated cranio-caudal"],
}
WORDS = ["scout", "postclip", "prefire", "biopsy", "postfire", "stereo", "specimen", "specimin", "artefact",
         "artifact"]  # fmt: skip
ANODES = "TUNGSTEN W MOLY Mo RHOD Rh"
DBT_WORDS = ["tomo", "dbt", "3d", "combo"]


class Surveys:
    """The rows of every sheet, and of the csv, from an MgArchive and a request's options."""

    def __init__(self, archive, options):
        self.archive, self.options = archive, options
        self.words = options.get("words", ", ".join(WORDS)).lower().split(", ")
        self.sheets = {name: [] for name in ("2D", "DBT", "CEM", "Excluded", "Review", "csv")}
        self._patients = 0
        self._doses = defaultdict(list)
        for study in archive.studies:
            self._add(study)

    def is_requested(self, option):
        return self.options.get(option) == "yes"

    def _add(self, study):
        exposures = [self._describe(study, *pair) for pair in self.archive.events_of(study)]
        included = [exposure for exposure in exposures if not exposure["reason"]]
        self._patients += bool(included)
        seen = defaultdict(int)
        for exposure in exposures:
            exposure["patient"] = str(self._patients) if included else ""
            if exposure["reason"]:
                self._put("Excluded", exposure, "", exposure["name"], exposure["reason"])
                continue
            survey, doubt = self._find_survey(exposure)
            self._put("csv", exposure, self._number(0), number(seen, "csv", exposure["name"]))
            view, survey_number = exposure["name"], ""
            if survey:
                survey_number = self._number(["2D", "DBT", "CEM"].index(survey))
                view = number(seen, survey, exposure["name"])
                self._put(survey, exposure, survey_number, view)
                self._doses[survey, exposure["name"]].append((exposure["thickness"], exposure["agd"]))
            if doubt:
                self._put("Review", exposure, survey_number, view, doubt)

    def _number(self, place):
        return str(int(self.options.get("survey_number", "1")) + place)

    def _describe(self, study, event, report):
        archive = self.archive
        source, mechanical = first(archive.sources[event["id"]]), first(archive.mechanics[event["id"]])
        patstudy = first(archive.patient_studies[study["id"]])
        texts = [archive.meaning(row["xray_filter_material_id"]) for row in archive.filters[source["id"]]]
        mode, load = source["exposure_control_mode"] or "", archive.load_of(source)
        age = patstudy["patient_age_decimal"]
        side, view = archive.meaning(event["laterality_id"]), self._name_view(event)
        exposure = {
            "study": study, "event": event, "source": source, "view": view, "side": side,
            "name": side[:1] + view,
            "from": archive.code(report["source_of_dose_information_id"]),
            "type": archive.code(event["irradiation_event_type_id"]),
            "anode": shorten(archive.meaning(source["anode_target_material_id"]), ANODES),
            "filters": list(dict.fromkeys(shorten_filter(text) for text in texts if text)),
            "kv": archive.kvp_of(source),
            "thickness": mechanical["compression_thickness"],
            "mas": None if load is None else load / 1000,
            "mode": mode,
            "control": "AUTO" if "AUTO" in mode.upper() else "MANUAL" if "MAN" in mode.upper() else "",
            "agd": source["average_glandular_dose"],
            "age": floor(age) if age is not None and self.is_requested("whole_years") else age,
        }  # fmt: skip
        return exposure | {"reason": next(self._reasons(exposure), "")}

    def _name_view(self, event):
        code, text = self.archive.code(event["image_view_id"]), self.archive.meaning(event["image_view_id"])
        for known in (code, text.lower()):
            for name, ways in VIEWS.items():
                if known in ways:
                    return name
        return text

    def _reasons(self, exposure):
        event = exposure["event"]
        view_text = self.archive.meaning(event["image_view_id"]).lower()
        view_code = self.archive.code(event["image_view_id"])
        patient = first(self.archive.patients[exposure["study"]["id"]])
        if self.is_requested("exclude_test_patients") and patient["not_patient_indicator"] is not None:
            yield "test patient"
        if not exposure["side"]:
            yield "no laterality"
        is_specimen = "specimen" in view_text or view_code in ("G-8310", "127457009")
        if not exposure["view"] and not is_specimen:
            yield "no view"
        if is_specimen:
            yield "view of a specimen"
        for word in self.words:
            if word in (event["acquisition_protocol"] or "").lower():
                yield f'protocol contains "{word}"'
        if not exposure["anode"]:
            yield "no anode material"
        if not exposure["filters"]:
            yield "no filter material"
        yield from self._optional_reasons(exposure)

    def _optional_reasons(self, exposure):
        rows = self.archive.modifiers[exposure["event"]["id"]]
        modifiers = {self.archive.code(row["image_view_modifier_id"]) for row in rows}
        if self.is_requested("exclude_zero_agd") and exposure["agd"] == 0:
            yield "AGD is 0"
        if self.is_requested("exclude_magnification") and modifiers & {"R-102D6", "399163009"}:
            yield "magnification view"

    def _find_survey(self, exposure):
        """The survey, or '' if only a person can decide, and whether it needs review."""
        protocol = (exposure["event"]["acquisition_protocol"] or "").lower()
        has_word = any(word in protocol for word in DBT_WORDS)
        if {"Cu", "Ti"} & set(exposure["filters"]):
            return "CEM", False
        if not exposure["type"] or (exposure["from"], exposure["type"]) == ("113866", "113611"):
            is_dbt = has_word or (exposure["anode"] == "W" and "Al" in exposure["filters"])
            survey = "DBT" if is_dbt else "2D"
        elif exposure["type"] == "113613":
            survey = "DBT"
        elif exposure["type"] == "113611" and not has_word:
            survey = "2D"
        else:
            return "", True
        is_computed = exposure["mas"] is not None and self.archive.stored_load_of(exposure["source"]) is None
        return survey, survey == "DBT" and exposure["from"] != "113866" and is_computed

    def _put(self, sheet, exposure, survey_number, view, reason=None):
        study, event = exposure["study"], exposure["event"]
        cells = [
            survey_number, exposure["patient"], view, *(write(exposure["kv"]), exposure["anode"]),
            " | ".join(exposure["filters"]), write(exposure["thickness"]), write(exposure["mas"]), "",
            exposure["control"], exposure["mode"], "", write(exposure["age"]), "", "",
        ]  # fmt: skip
        if reason is not None:
            cells += [write(study["study_date"]), write(study["study_time"])]
            cells += [event["acquisition_protocol"] or "", exposure["side"]]
            cells += [
                self.archive.meaning(event["image_view_id"]) or self.archive.code(event["image_view_id"])
            ]
        if sheet == "Excluded":
            cells.append(reason)
        self.sheets[sheet].append(cells)

    def summary(self):
        rows = []
        for survey, view in sorted(
            self._doses, key=lambda key: (["2D", "DBT", "CEM"].index(key[0]), key[1].encode())
        ):
            doses = self._doses[survey, view]
            medians = [
                write(median(known)) if (known := [dose[n] for dose in doses if dose[n] is not None]) else ""
                for n in (0, 1)
            ]
            place = ["2D", "DBT", "CEM"].index(survey)
            rows.append([survey, self._number(place), view, str(len(doses)), *medians])
        return rows


def number(seen, survey, name):
    seen[survey, name] += 1
    return name + (str(seen[survey, name]) if seen[survey, name] > 1 else "")


def shorten(text, words):
    pairs = zip(words.split()[::2], words.split()[1::2], strict=True)
    return next((short for word, short in pairs if word in text.upper()), text)


def shorten_filter(text):
    short = shorten(text, "ALUM Al MOLY Mo RHOD Rh SILV Ag COPPER Cu TITAN Ti")
    return "Sn" if short == text and "TIN" in re.split(r"\W+", text.upper()) else short


def to_digits(cell):
    """A cell as text; a number at the digits that matter."""
    try:
        return f"{Decimal(cell):.11e}"
    except ArithmeticError:
        return cell
