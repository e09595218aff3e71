"""Structure of FHIR R4 JSON: a fast decoder for each type, compiled from fhir.resources on first use.

The decoder accepts or refuses; what it refuses is explained, slowly and completely, by `Structure.explain`.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import cache
from threading import RLock
from types import GenericAlias
from typing import Annotated, Any, Final, Literal, Union, cast

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from exchange.fhir.checks import compile_check
from exchange.fhir.elements import Element, elements_of
from exchange.fhir.explanation import Problem, explain, unexplained
from exchange.fhir.primitives import PRIMITIVES
from exchange.fhir.resource_types import RESOURCE_TYPES


class StructureFault(ValueError):  # noqa: N818 (a fault of the input, not an error of ours)
    """Raised for bytes that are not a resource of the type asked for; the message is short, for a log.

    `Structure.explain` says the same at length, for the sender.
    """


class Structure:
    """Reads R4 JSON into Structs, one class for each type, made on first use.

    `localised` are element paths such as `Patient.gender` whose value may be a local code: there the required
    binding is not enforced, because the translation of codes answers for it.
    """

    def __init__(self, localised: frozenset[str] = frozenset()) -> None:
        self.localised = localised
        self._decoders: dict[str, tuple[Callable[[bytes], Struct], bool]] = {}

    def decode(self, resource_type: str, raw: bytes) -> Struct:
        """Read the resource in `raw` (UTF-8 JSON) into a Struct whose class is named `resource_type`.

        Absent elements are `msgspec.UNSET`. Resources in `contained` (checked too), in a Bundle and in
        Parameters (not looked into) stay `msgspec.Raw`. Raises StructureFault for anything that R4 does not
        allow in that type.
        """
        try:
            decode, may_contain = self._decoders.get(resource_type) or self._prepare(resource_type)
            resource = decode(raw)
            if may_contain and resource.contained is not UNSET:  # type: ignore[attr-defined]  # compiled class
                self._read_contained(resource.contained)  # type: ignore[attr-defined]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidOperation) as error:
            # InvalidOperation: a decimal whose exponent no Decimal can hold.
            raise StructureFault(str(error)) from error
        return resource

    def prepare(self, resource_types: Iterable[str]) -> None:
        """Compile the decoders of some types now, so that the first resource of each need not wait."""
        for resource_type in resource_types:
            self._prepare(resource_type)

    def explain(self, raw: bytes) -> list[Problem]:
        """List every problem of the resource in `raw`, in the order in which the elements stand there.

        The type is read from the resource itself. Where `decode` refuses it, there is at least one problem;
        an empty list means that the resource can be decoded as the type it names.
        """
        problems = explain(raw, self.localised)
        resource_type = resource_type_of(raw)
        if problems or resource_type is None:
            return problems
        try:
            self.decode(resource_type, raw)
        except StructureFault as fault:
            return [unexplained(resource_type, str(fault))]
        return []

    def _prepare(self, resource_type: str) -> tuple[Callable[[bytes], Struct], bool]:
        if resource_type not in RESOURCE_TYPES:
            raise StructureFault(f"`{resource_type}` is not a resource type of FHIR R4")
        prefix = f"{resource_type}."
        loose = frozenset(path[len(prefix) :] for path in self.localised if path.startswith(prefix))
        # Types share parts, and msgspec keeps what it has learnt of a part on its class while it goes on: two
        # threads that make decoders at a time would read what the other has only half written.
        with _compiling:
            compiled = _compile(resource_type, loose)
            # A union makes msgspec insist on `resourceType`, which it lets a single class go without.
            decoder = msgspec.json.Decoder(compiled | _NoResource, float_hook=Decimal)
        prepared = decoder.decode, "contained" in compiled.__struct_fields__
        self._decoders[resource_type] = prepared
        return prepared

    def _read_contained(self, contained: list[msgspec.Raw]) -> None:
        """Check contained resources, and rewrite them in place in the one form that `encode` gives."""
        for index, raw in enumerate(contained):
            content = bytes(raw)
            resource_type = resource_type_of(content)
            if resource_type is None:
                raise StructureFault("a contained resource does not name its `resourceType`")
            contained[index] = msgspec.Raw(encode(self.decode(resource_type, content)))


class _NoResource(Struct, tag_field="resourceType", tag="", forbid_unknown_fields=True, gc=False):
    pass


class _TypeOnly(Struct, gc=False):
    resourceType: str | UnsetType = UNSET  # noqa: N815 (the name on the wire)


@cache
def structure(localised: frozenset[str] = frozenset()) -> Structure:
    """Give the structure for these localised paths; made once for each set of paths."""
    return Structure(localised)


_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(resource: Struct) -> bytes:
    """Write the resource as compact UTF-8 JSON: elements in a fixed order, absent ones left out.

    Decimals keep the digits they came with: `121.50` stays `121.50`.
    """
    return _encoder.encode(resource)


_type_decoder = msgspec.json.Decoder(_TypeOnly)


def resource_type_of(raw: bytes) -> str | None:
    """Read the `resourceType` that `raw` names, known or not; None where it names none or is no object."""
    try:
        named = _type_decoder.decode(raw).resourceType
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if named is UNSET else named


def known_resource_types() -> frozenset[str]:
    """List the names of the resource types that can be decoded."""
    return RESOURCE_TYPES


_compiled: Final[dict[tuple[str, frozenset[str]], type[Struct]]] = {}
_compiling: Final = RLock()


def _compile(type_name: str, loose: frozenset[str]) -> type[Struct]:
    """Compile the Struct of a type; `loose` are the paths below it whose required binding is not enforced."""
    with _compiling:
        known = _compiled.get((type_name, loose))
        if known is not None:
            return known
        elements = elements_of(type_name)
        resource = type_name in RESOURCE_TYPES
        compiled = msgspec.defstruct(
            type_name,
            [_field(element) for element in elements],
            namespace=cast("dict[str, Any]", {"__post_init__": compile_check(elements, resource=resource)}),
            module=__name__,
            rename={element.attribute: element.name for element in elements},
            tag_field="resourceType" if resource else None,
            tag=type_name if resource else None,
            forbid_unknown_fields=True,
            omit_defaults=True,
            kw_only=True,
            gc=False,
        )
        # Types refer to one another in circles (Reference, Identifier): so the class is made first, and
        # msgspec reads its annotations only when a decoder is made.
        _compiled[type_name, loose] = compiled
        for element in elements:
            compiled.__annotations__[element.attribute] = _annotation(element, loose)
        return compiled


def _field(element: Element) -> tuple[str, object] | tuple[str, object, object]:
    if element.required and not element.primitive:
        return element.attribute, None
    return element.attribute, None, UNSET


def _annotation(element: Element, loose: frozenset[str]) -> object:
    bare = _single(element, loose)
    if element.repeats:
        if element.primitive or element.sibling:
            bare = Union[bare, None]  # noqa: UP007 (not every member is a class)
        bare = Annotated[_list_of(bare), Meta(min_length=1)]
    if element.required and not element.primitive:
        return bare
    return Union[bare, UnsetType]  # noqa: UP007 (not every member is a class)


def _list_of(item: object) -> object:
    return GenericAlias(list, (item,))


def _single(element: Element, loose: frozenset[str]) -> object:
    if element.polymorphic:
        return msgspec.Raw
    if element.codes and element.name not in loose:
        return Literal[element.codes]
    if element.primitive:
        return PRIMITIVES[element.type_name].python_type
    prefix = f"{element.name}."
    below = frozenset(path[len(prefix) :] for path in loose if path.startswith(prefix))
    return _compile(element.type_name, below)
