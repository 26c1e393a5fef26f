"""Markers written into every text field that nobody outside may read."""

from django.apps import apps
from django.db import models

from crm.models.marks import Visibility

# Not texts for people: keys of machines, which must stay valid.
KEPT = {"zone", "time_zone", "country", "language", "raw_language", "ics_uid"}


def closed_fields(model: type[models.Model], open_fields: tuple[str, ...]) -> list[models.Field]:
    """The text fields of a model that are not open and can hold any text."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not field.choices
        and not field.unique
        and field.name not in {*open_fields, *KEPT}
    ]


def marker(field: models.Field) -> str:
    words = f"SECRET{field.model._meta.model_name}{field.name}".replace("_", "")
    return words[: field.max_length or 100]


def open_fields(row: models.Model | type[models.Model]) -> tuple[str, ...]:
    model = row if isinstance(row, type) else type(row)
    assert issubclass(model, Visibility), model
    return (*model.public_fields, *model.municipality_fields)


def plant(row: models.Model, *, open_fields: tuple[str, ...]) -> list[str]:
    """Write a marker into every text field of `row` that is not open, and return the markers."""
    planted = {field.name: marker(field) for field in closed_fields(type(row), open_fields)}
    for name, words in planted.items():
        setattr(row, name, words)
    type(row).objects.filter(pk=row.pk).update(
        **{field.name: getattr(row, field.name) for field in row._meta.concrete_fields}
    )
    return list(planted.values())


def plant_everywhere(*closed: type[models.Model]) -> list[str]:
    """The same in every row of every model that says what may be seen of it, and of `closed`."""
    planted = []
    for model in apps.get_models():
        if not issubclass(model, (Visibility, *closed)):
            continue
        seen = open_fields(model) if issubclass(model, Visibility) else ()
        markers = {field.name: marker(field) for field in closed_fields(model, seen)}
        if markers:
            model.objects.update(**markers)
        planted += markers.values()
    return planted
