"""The catalogue describes everything that a request form needs."""

import pytest

from doseexport import catalogue
from doseexport.actions.catalogue import NONE, list_export_types
from doseexport.actions.catalogue_views import view_catalogue
from doseexport.catalogue.dictionary import describe_type
from doseexport.catalogue.schema import FULL, make_schema_without
from doseexport.domain.request import parse_request
from doseexport.errors import RequestError
from tests.fakes import ADA, ADMIN, PIA, seen_database


def show(caller, schema=FULL):
    return view_catalogue(list_export_types(seen_database(schema)), caller)


def test_catalogue_describes_the_columns_of_every_type():
    for name, one in types(show(ADA)).items():
        assert [each["heading"] for each in one["columns"]] == [each.heading for each in describe_type(name)]
        assert all(each["meaning"] and each["source"] and each["blank"] for each in one["columns"])


def test_catalogue_leaves_the_columns_out_on_request():
    shown = view_catalogue(list_export_types(seen_database(FULL), NONE), ADA)
    assert {name: one["columns"] for name, one in types(shown).items()} == dict.fromkeys(types(shown))


@pytest.mark.parametrize("columns", ["", "ALL", "ct-csv"])
def test_catalogue_refuses_another_choice_of_columns(columns):
    with pytest.raises(RequestError) as caught:
        list_export_types(seen_database(FULL), columns)
    assert (caught.value.status, caught.value.code, caught.value.field) == (400, "BAD_COLUMNS", "columns")


def types(shown):
    return {each["type"]: each for modality in shown["modalities"] for each in modality["types"]}


def test_catalogue_has_every_export_type_once_under_its_modality():
    shown = show(ADA)
    found = [
        (modality["name"], each["type"]) for modality in shown["modalities"] for each in modality["types"]
    ]
    assert sorted(found) == sorted(
        (spec.modality.name, spec.type) for spec in catalogue.load_specs().values()
    )
    names = [modality["name"] for modality in shown["modalities"]]
    assert len(names) == len(set(names))


def test_catalogue_describes_everything_that_a_request_may_hold():
    shown = types(show(ADA))
    for spec in catalogue.load_specs().values():
        one = shown[spec.type]
        assert {each["name"] for each in one["options"]} == {each.name for each in spec.options}
        assert (one["include_names"], one["include_ids"]) == (
            spec.can_include(catalogue.NAME),
            spec.can_include(catalogue.ID),
        )
        assert one["needs"] == list(spec.needs)


def test_catalogue_filters_of_modality_and_type_are_complete_and_understood():
    for modality in show(PIA)["modalities"]:
        for one in modality["types"]:
            filters = [*modality["filters"], *one["own_filters"]]
            assert {each["name"] for each in filters} == {
                each.name for each in catalogue.find_spec(one["type"]).filters
            }
            for each in filters:
                needed = dict.fromkeys(one["needs"][:1], "1")
                blank = {"type": one["type"], "filters": {**dict.fromkeys([each["name"]], ""), **needed}}
                assert parse_request(blank, may_see_patients=True).type == one["type"]


def test_catalogue_filters_that_name_patients_name_the_group_they_need():
    for modality in show(ADA)["modalities"]:
        groups = {each["name"]: each["needs_group"] for each in modality["filters"]}
        assert groups["patient_name"] == groups["patient_id"] == "pidgroup"
        assert groups["date_from"] is None


def test_catalogue_orders_can_be_requested_and_include_the_default():
    shown = show(ADA)
    for modality in shown["modalities"]:
        names = [each["name"] for each in modality["orders"]]
        assert shown["default_order"] in names
        assert all(each["help"] for each in modality["orders"])


def test_catalogue_describes_the_callers_rights():
    rights = {
        caller.name: (
            show(caller)["may_see_patients"],
            show(caller)["is_admin"],
        )
        for caller in (ADA, PIA, ADMIN)
    }
    assert rights == {"ada": (False, False), "pia": (True, False), "admin": (False, True)}
    assert show(PIA)["user"] == "pia"


def test_catalogue_describes_retention():
    assert show(ADA)["retention_days"] == {"default": 30, "max": 90}


def test_catalogue_leaves_out_what_the_database_lacks():
    shown = show(ADA, make_schema_without(["nuclear medicine", "standard names"]))
    assert [each["name"] for each in shown["modalities"]] == ["CT", "DX", "MG", "RF"]
    filters = {name["name"] for each in shown["modalities"] for name in each["filters"]}
    assert "study_description" in filters
    assert not [name for name in filters if name.startswith("standard_")]
    everything = {name["name"] for each in show(ADA)["modalities"] for name in each["filters"]}
    assert everything - filters == {
        "standard_study_name", "standard_acquisition_name", "activity_min", "activity_max",
    }  # fmt: skip
