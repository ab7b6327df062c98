"""PHE's radiography forms computed a second time (export-rules §8.3 and §8.4)."""

from itertools import zip_longest

from tests.oracles.ct import first, write
from tests.oracles.dx import DxArchive, million


class DxForms(DxArchive):
    """The forms over an OpenREM database's radiography studies."""

    def exam_cells(self, number, study, dap, protocol):
        """Columns A to M of a form's row; numbers as texts."""
        pat, patstudy = (self.child(f"patient{part}moduleattr", study) for part in ("", "study"))
        keys = ("procedure_code_meaning", "requested_procedure_code_meaning", "study_description")
        names = [study[key] for key in keys] + [protocol]
        return [
            *("", str(number), str(study["id"]), write(study["study_date"]), write(dap), "cGy·cm²"),
            " | ".join(name for name in names if name),
            *(write(patstudy["patient_weight"]), "", "", write(patstudy["patient_age_decimal"])),
            *(write(pat["patient_sex"]), write(patstudy["patient_size"])),
        ]

    def projection_cells(self, event):
        """The ten cells from "Detector used" on."""
        source, detector, distance = self.parts_of(event)
        materials, thicknesses = self.filters(source)
        far = distance["distance_source_to_detector"]
        index, view = detector["exposure_index"], self.codes.get(event["image_view_id"])
        position = self.codes.get(event["patient_orientation_cid_id"]) or ""
        for key in ("patient_orientation_modifier_cid_id", "patient_table_relationship_cid_id"):
            position += f", {self.codes[event[key]]}" if self.codes.get(event[key]) else ""
        return [
            *("", write(source["grid_focal_distance"]), write(far / 10) if far else ""),
            *(
                f"{materials} {thicknesses}" if materials.strip(" |") else "",
                write(source["exposure_control_mode"]),
            ),
            *(write(self.mean_kvp(source)), write(self.mas(source)), position, ""),
            (f"EI: {index:.2f}" if index else "") + (f" {view}" if view else ""),
        ]

    def projection_form(self):
        """The rows of the form for one projection."""
        for number, study in enumerate(self.studies, start=1):
            events = self.events_of(study)
            event = first(events)
            dap = million(event["dose_area_product"])
            cells = self.exam_cells(number, study, dap, event["acquisition_protocol"])
            yield cells + (self.projection_cells(event) if events else [])

    def study_form(self, projections):
        """The rows of the form for studies, which has room for so many projections."""
        for number, study in enumerate(self.studies, start=1):
            events = self.events_of(study)
            cells = self.exam_cells(number, study, million(self.total_dap(study) or None), "")
            cells.append(write(self.count_stored_events(study)))
            for _, event in zip_longest(range(projections), events[:projections]):
                cells.append(write(million(event["dose_area_product"])) if event else "")
            for event in events:
                cells += [write(event["acquisition_protocol"]), *self.projection_cells(event)]
            yield cells
