"""Every error that a field of a vendor's form can produce, as a person reads it beside the field."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError

from bot.adapters.base import Adapter
from bot.forms.custom_fields import CustomField, custom_form
from bot.forms.fields import Form
from bot.forms.sentences import complaint
from bot.forms.shape import shape

BAD: tuple[Any, ...] = (
    *(None, "", " ", "nope", "x" * 5_000, -(10**12), 10**12, 10**400, 0, 1.5, "1e999", "٣"),
    *(
        float("nan"),
        float("inf"),
        True,
        [],
        [""],
        ["nope"] * 200,
        {},
        {"id": ""},
        {"id": 1, "x": 2},
    ),
    *("2026-13-45", date(1, 1, 1), datetime(9999, 1, 1, tzinfo=UTC), "https://", "ftp://x.example"),
    *("http://" + "x" * 3000, "http://[", "a@", ["a@"], b"\xff", "platform", ["a=b", "a=c"], "{"),
    *(["a, b"], [","], ",", "type ==", '{"task_routing": 1}', object()),
)
"""Values that some field or other refuses, each in a way of its own."""
CUSTOM = tuple(
    CustomField(
        id=f"c_{kind}_{required}", name=kind, kind=kind, required=required, options=(("a", "A"),)
    )
    for kind in (
        *("text", "long", "link", "number", "check", "date", "datetime", "tags"),
        *("select", "multi_select", "lookup", "multi_lookup", "person", "people"),
    )
    for required in (False, True)
)


def forms_of(adapter: Adapter) -> Iterator[tuple[str, type[Form]]]:
    """Yield every form of the vendor's operations by name, those of all branches too."""
    for operation in adapter.operations:
        yield f"{adapter.vendor}.{operation.name}", operation.form
        for answer in operation.branches.forms if operation.branches else ():
            assert operation.branches is not None
            yield f"{adapter.vendor}.{operation.name}.{answer}", operation.branches.forms[answer]
    yield f"{adapter.vendor}.custom", custom_form(CUSTOM, "custom")


def field_errors(adapter: Adapter) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (dotted field, sentence, pydantic's detail) for each error, each kind of it once.

    Fields that are declared alike have the same errors, so the first of them stands for all.
    """
    declared = set[str]()
    for name, form in forms_of(adapter):
        yield from _errors(name, form, declared)


def _errors(
    name: str, form: type[Form], declared: set[str]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    seen = set()
    for field in shape(form):
        if field.form is not None:
            yield from _errors(f"{name}.{field.name}", field.form, declared)
        alike = f"{field.info.annotation} {field.info.metadata} {field.required}"
        if alike in declared:
            continue
        declared.add(alike)
        for value in BAD:
            for detail in _details(form, field.name, value):
                sentence = complaint(field, detail)
                if (field.name, detail["type"], sentence) not in seen:
                    seen.add((field.name, detail["type"], sentence))
                    yield f"{name}.{field.name}", sentence, detail


def _details(form: type[Form], field: str, value: Any) -> list[Mapping[str, Any]]:
    try:
        form.model_validate({field: value})
    except ValidationError as error:
        return [
            dict(each) for each in error.errors(include_url=False) if each["loc"][:1] == (field,)
        ]
    return []
