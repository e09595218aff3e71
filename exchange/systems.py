"""The URIs that name things on the wire: identifier systems, code systems, extensions, profiles.

National roots are the OIDs of the health ministry's standards (WS/T 500 templates use the same ones);
what has no national OID gets a readable URL under this project's own base.
"""

from typing import Final

BASE: Final = "https://regional-exchange.example/fhir"

# Identifiers (WS/T 500: identifier roots under 2.16.156.10011.1).
DOCUMENT_NUMBER: Final = "urn:oid:2.16.156.10011.1.1"
HEALTH_RECORD_NUMBER: Final = "urn:oid:2.16.156.10011.1.2"
RESIDENT_NUMBER: Final = "urn:oid:2.16.156.10011.1.3"
PRACTITIONER_NUMBER: Final = "urn:oid:2.16.156.10011.1.4"
ORGANIZATION_NUMBER: Final = "urn:oid:2.16.156.10011.1.5"
OUTPATIENT_NUMBER: Final = "urn:oid:2.16.156.10011.1.11"
INPATIENT_NUMBER: Final = "urn:oid:2.16.156.10011.1.12"
HEALTH_CARD_NUMBER: Final = "urn:oid:2.16.156.10011.1.19"
PRESCRIPTION_NUMBER: Final = "urn:oid:2.16.156.10011.1.20"
EXAMINATION_REPORT_NUMBER: Final = "urn:oid:2.16.156.10011.1.32"
LABORATORY_REPORT_NUMBER: Final = "urn:oid:2.16.156.10011.1.33"

PATIENT_INDEX: Final = f"{BASE}/sid/patient-index"
CONDITION_NUMBER: Final = f"{BASE}/sid/condition"
OBSERVATION_NUMBER: Final = f"{BASE}/sid/observation"
PROCEDURE_NUMBER: Final = f"{BASE}/sid/procedure"
SUBMISSION_NUMBER: Final = f"{BASE}/sid/submission"
NODE_CODE: Final = f"{BASE}/sid/node"

# Code systems of HL7 that the data sets bind.
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
DIAGNOSTIC_SERVICE: Final = "http://terminology.hl7.org/CodeSystem/v2-0074"
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"

# Which health record a Composition is: basic, hypertension, diabetes.
HEALTH_RECORD_TYPE: Final = f"{BASE}/CodeSystem/health-record-type"
HEALTH_RECORD_SECTION: Final = f"{BASE}/CodeSystem/health-record-section"
PROFILE: Final = f"{BASE}/StructureDefinition"

# Extensions.
PATIENT_ETHNICITY: Final = f"{BASE}/StructureDefinition/patient-ethnicity"
ENCOUNTER_PAYMENT: Final = f"{BASE}/StructureDefinition/encounter-payment"
LOCAL_CODING: Final = f"{BASE}/StructureDefinition/local-coding"
NATIONAL_CODING: Final = f"{BASE}/StructureDefinition/national-coding"
MAP_EQUIVALENCE: Final = f"{BASE}/StructureDefinition/map-equivalence"
