"""A region is data: cities, county platforms, hospitals, expected volumes and a printed bulletin."""

from exchange.regions.apportionment import spread
from exchange.regions.declaration import (
    FLOWS,
    STOCKS,
    City,
    Division,
    ExpectedVolume,
    Node,
    NodeExpected,
    Note,
    Printed,
    PrintedCity,
    PrintedHospital,
    Region,
    RegionError,
)
from exchange.regions.loader import load_region, shipped_regions

__all__ = [
    "FLOWS",
    "STOCKS",
    "City",
    "Division",
    "ExpectedVolume",
    "Node",
    "NodeExpected",
    "Note",
    "Printed",
    "PrintedCity",
    "PrintedHospital",
    "Region",
    "RegionError",
    "load_region",
    "shipped_regions",
    "spread",
]
