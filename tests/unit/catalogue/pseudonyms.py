"""What files with pseudonyms do with columns that identify or date a study, but for those they keep."""

REPLACED = frozenset(
    {
        "patientstudymoduleattr.patient_age_decimal",
        "patientmoduleattr.not_patient_indicator",
        "generalstudymoduleattr.accession_number",
        "generalstudymoduleattr.id",
        "generalstudymoduleattr.study_date",
        "generalstudymoduleattr.study_instance_uid",
        "patientmoduleattr.patient_id",
    }
)
"""Sources of OpenREM that stand in files as a pseudonym, or coarse."""
LEFT_OUT = frozenset(
    {
        "ctdosecheckdetails.alert_reason_for_proceeding",
        "ctdosecheckdetails.notification_reason_for_proceeding",
        "ctirradiationeventdata.comment",
        "ctradiationdose.comment",
        "generalstudymoduleattr.operator_name",
        "generalstudymoduleattr.performing_physician_name",
        "generalstudymoduleattr.study_time",
        "irradeventxraydata.comment",
        "irradeventxraydata.date_time_started",
        "patientmoduleattr.patient_birth_date",
        "patientmoduleattr.patient_name",
        "personparticipant.person_name",
        "petseries.series_datetime",
        "projectionxrayradiationdose.comment",
        "radiopharmaceuticaladministrationeventdata.radiopharmaceutical_start_datetime",
        "radiopharmaceuticaladministrationeventdata.radiopharmaceutical_stop_datetime",
        "radiopharmaceuticalradiationdose.comment",
    }
)
"""Sources that no file with pseudonyms shows."""
