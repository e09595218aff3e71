"""The hub over HTTP: FHIR at /fhir, plain reports at /api, health at /health."""
