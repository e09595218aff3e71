"""What the province asks for, declared once: quality rules, documentation and the simulator read it here."""

from exchange.datasets.catalogue import DATA_SETS
from exchange.datasets.declaration import DataSet, Element, Section
from exchange.datasets.presence import is_filler, missing_elements, required_elements
from exchange.datasets.recognition import COUNTED_CLASSES, data_set_of, event_day
from exchange.datasets.sections import HEALTH_RECORD_TYPES, SECTIONS

__all__ = [
    "COUNTED_CLASSES",
    "DATA_SETS",
    "HEALTH_RECORD_TYPES",
    "SECTIONS",
    "DataSet",
    "Element",
    "Section",
    "data_set_of",
    "event_day",
    "is_filler",
    "missing_elements",
    "required_elements",
]
