"""FHIR R4 JSON on the wire: decode and encode resources, and explain what is wrong with them."""

from exchange.fhir.explanation import Problem
from exchange.fhir.references import references_of
from exchange.fhir.structure import (
    Structure,
    StructureFault,
    encode,
    known_resource_types,
    resource_type_of,
    structure,
)

__all__ = [
    "Problem",
    "Structure",
    "StructureFault",
    "encode",
    "known_resource_types",
    "references_of",
    "resource_type_of",
    "structure",
]
