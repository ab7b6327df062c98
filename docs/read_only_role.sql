-- Create the database user of Dose Export. It reads the tables that exports need, and nothing else:
-- no accounts of OpenREM's web pages, no passwords of DICOM nodes.
--
-- Run as an administrator, in OpenREM's database:
--     psql --dbname openremdb --set password="'…'" --file read_only_role.sql
-- Without --set password, a new user has none and cannot sign in by password, and an existing user keeps its own.
-- For IAM authentication of RDS: GRANT rds_iam TO doseexport;
-- Run it again after each upgrade of Dose Export or OpenREM. It then only adds rights, and keeps the connection limit.
\set ON_ERROR_STOP on

-- Two connections per export and per preview, and four spare: 2 × (MaximumConcurrency + PreviewConcurrency) + 4.
-- If PreviewConcurrency is 0, this limit is the only one: allow for as many previews as may run at once. An export
-- that finds no connection is tried again. To change the limit: ALTER ROLE doseexport CONNECTION LIMIT n;
DO $$ BEGIN
  IF to_regrole('doseexport') IS NULL THEN
    CREATE ROLE doseexport LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 14;
  END IF;
END $$;
\if :{?password}
  ALTER ROLE doseexport PASSWORD :password;
\endif
ALTER ROLE doseexport SET default_transaction_read_only = on;

GRANT USAGE ON SCHEMA public TO doseexport;
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'remapp_accumintegratedprojradiogdose', 'remapp_accummammographyxraydose', 'remapp_accumprojxraydose',
    'remapp_accumxraydose',
    'remapp_contextid', 'remapp_ctaccumulateddosedata', 'remapp_ctdosecheckdetails',
    'remapp_ctirradiationeventdata', 'remapp_ctirradiationeventdata_standard_protocols',
    'remapp_ctradiationdose', 'remapp_ctxraysourceparameters', 'remapp_doserelateddistancemeasurements',
    'remapp_exposure', 'remapp_generalequipmentmoduleattr', 'remapp_generalstudymoduleattr',
    'remapp_generalstudymoduleattr_standard_names', 'remapp_glomerularfiltrationrate',
    'remapp_highdosemetricalertsettings',
    'remapp_imageviewmodifier', 'remapp_irradeventxraydata',
    'remapp_irradeventxraydata_standard_protocols', 'remapp_irradeventxraydetectordata',
    'remapp_irradeventxraymechanicaldata', 'remapp_irradeventxraysourcedata', 'remapp_kvp',
    'remapp_organdose', 'remapp_patientmoduleattr', 'remapp_patientstate', 'remapp_patientstudymoduleattr',
    'remapp_personparticipant', 'remapp_petseries', 'remapp_projectionxrayradiationdose',
    'remapp_pulsewidth', 'remapp_radiopharmaceuticaladministrationeventdata',
    'remapp_radiopharmaceuticaladministrationpatientcharacteristics',
    'remapp_radiopharmaceuticalradiationdose', 'remapp_scanninglength', 'remapp_skindosemapresults',
    'remapp_standardnames',
    'remapp_standardnamesettings', 'remapp_uniqueequipmentnames', 'remapp_xrayfilters', 'remapp_xraygrid',
    'remapp_xraytubecurrent'
  ] LOOP
    IF to_regclass('public.' || name) IS NOT NULL THEN -- OpenREM 1.0 brought several tables
      EXECUTE format('GRANT SELECT ON public.%I TO doseexport', name);
    END IF;
  END LOOP;
END $$;
