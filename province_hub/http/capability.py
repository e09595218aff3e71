"""What the hub can do, as a CapabilityStatement (R4 capabilitystatement.html)."""

from exchange.fhir import known_resource_types
from exchange.systems import BASE
from province_hub.http.outcome import Resource
from province_hub.settings import Settings

_PUBLISHED = "2016-03-01"
# Bundles and the outcomes of operations are not records.
NO_RECORDS = frozenset({"Bundle", "Parameters", "OperationOutcome", "CapabilityStatement"})


def capability_statement(settings: Settings) -> Resource:
    """The statement, the same for every hub of this version."""
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{BASE}/CapabilityStatement/province-hub",
        "version": settings.version,
        "name": "ProvinceHub",
        "title": "Provincial hub of a regional health information exchange 省级健康信息平台",
        "status": "active",
        "experimental": True,
        "date": _PUBLISHED,
        "kind": "instance",
        "software": {"name": "regional-health-exchange", "version": settings.version},
        "implementation": {"description": "Simulated provincial hub; no real person's data belong here."},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": (
                    "Nodes name themselves by the header X-Node and write by business identifier. Bundles are "
                    "UTF-8 JSON. Every answer to a submission carries X-Submission-Id; its receipt is at "
                    "/api/submissions/<id>."
                ),
                "resource": [_resource(name) for name in sorted(known_resource_types() - NO_RECORDS)],
                "interaction": [{"code": "batch"}, {"code": "transaction"}],
            }
        ],
    }


def _resource(name: str) -> Resource:
    return {
        "type": name,
        "interaction": [{"code": "read"}, {"code": "vread"}, {"code": "create"}, {"code": "update"}],
        "versioning": "versioned",
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalUpdate": True,
        "referencePolicy": ["literal", "logical", "local", "enforced"],
    }
