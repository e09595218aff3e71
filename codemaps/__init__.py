"""Code tables (码表), vendors' dialects (本地码表) and the translation between them (码表转换)."""

from codemaps.code_table import CodeTable, Concept, catalogue, load_tables
from codemaps.dialect import Dialect, DialectElement, Equivalence, MapRow, load_dialect, shipped_dialects
from codemaps.element import CODED_ELEMENTS, CodedElement
from codemaps.files import CodemapError
from codemaps.localiser import Localiser
from codemaps.translator import Translation, Translator

__all__ = [
    "CODED_ELEMENTS",
    "CodeTable",
    "CodedElement",
    "CodemapError",
    "Concept",
    "Dialect",
    "DialectElement",
    "Equivalence",
    "Localiser",
    "MapRow",
    "Translation",
    "Translator",
    "catalogue",
    "load_dialect",
    "load_tables",
    "shipped_dialects",
]
