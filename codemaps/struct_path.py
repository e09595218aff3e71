"""Paths through decoded FHIR resources (msgspec Structs), compiled once per type into plain functions."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

import msgspec
from msgspec import UNSET

from codemaps.element import Step

Found = TypeVar("Found")
# Called with a node, its FHIRPath expression and the list that results go to.
Visit = Callable[[Any, str, list[Found]], None]


class Field(NamedTuple):
    """A field of a Struct: its attribute, the Struct that it holds, and whether it holds a list of them."""

    attribute: str
    struct: type[msgspec.Struct] | None
    is_list: bool


def field_of(owner: type[msgspec.Struct], json_name: str) -> Field:
    """Find the field of `owner` that has this name in JSON.

    Raises LookupError when there is none: the type is not the one that the path was written for.
    """
    for field in msgspec.structs.fields(owner):
        if field.encode_name == json_name:
            struct, is_list = _held(field.type, False)
            return Field(field.name, struct, is_list)
    raise LookupError(f"{owner.__name__} has no element {json_name}")


def struct_of(owner: type[msgspec.Struct], json_name: str) -> type[msgspec.Struct]:
    """Find the Struct that the field of this JSON name holds, alone or in a list.

    Raises LookupError when the field holds none.
    """
    struct = field_of(owner, json_name).struct
    if struct is None:
        raise LookupError(f"{owner.__name__}.{json_name} holds no element of a type of its own")
    return struct


def compile_walk(
    owner: type[msgspec.Struct],
    steps: tuple[Step, ...],
    make_visit: Callable[[type[msgspec.Struct]], Visit[Found]],
) -> Visit[Found]:
    """Make a function that calls a visit for every node that `steps` lead to from an instance of `owner`.

    `make_visit` is given the Struct type at the end of the path, once.
    """
    if not steps:
        return make_visit(owner)
    step = steps[0]
    field = field_of(owner, step.name)
    inner = compile_walk(struct_of(owner, step.name), steps[1:], make_visit)
    if field.is_list:
        return _walk_list(attrgetter(field.attribute), step, inner)
    return _walk_one(attrgetter(field.attribute), step, inner)


def _walk_one(get: Callable[[Any], Any], step: Step, inner: Visit[Found]) -> Visit[Found]:
    suffix = f".{step.name}"

    def walk(node: Any, where: str, found: list[Found]) -> None:
        child = get(node)
        if child is not UNSET:
            inner(child, where + suffix, found)

    return walk


def _walk_list(get: Callable[[Any], Any], step: Step, inner: Visit[Found]) -> Visit[Found]:
    name, url = step

    def walk(node: Any, where: str, found: list[Found]) -> None:
        children = get(node)
        if children is not UNSET:
            for index, child in enumerate(children):
                if url is None or child.url == url:
                    inner(child, f"{where}.{name}[{index}]", found)

    return walk


def _held(annotation: Any, is_list: bool) -> tuple[type[msgspec.Struct] | None, bool]:
    """Find the first Struct in an annotation such as `list[Coding] | UnsetType`, and whether in a list."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation, is_list
    for argument in get_args(annotation):
        struct, in_list = _held(argument, is_list or get_origin(annotation) is list)
        if struct is not None:
            return struct, in_list
    return None, is_list
