"""Takes the sample away: every row it wrote, and with force what users hung on it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db import models, transaction

from crm.models import ClockSetting, DuplicateScan, Person
from visits.domain.sample import SampleRefused, demo_clock
from visits.models import PendingRequest

# A row whose parent goes must go too, unless the database may forget the parent.
BINDING = (models.CASCADE, models.PROTECT, models.RESTRICT)
# Without a sample mark, but somebody typed them; other unmarked rows are parts of their parent.
ENTERED_UNMARKED = (PendingRequest,)
LISTED = 20


@dataclass
class Removal:
    """Primary keys to remove by model, and the users' rows among them that hang on the sample."""

    doomed: dict[type[models.Model], set] = field(default_factory=lambda: defaultdict(set))
    hanging: list[models.Model] = field(default_factory=list)


@transaction.atomic
def remove_sample(*, force: bool = False) -> dict[str, int]:
    """Remove the sample; how many rows of each model went.

    Reference data and what users entered stay. A user's row that cannot stand without a sample
    row (a note about a sample person, say) goes only with `force`; without it nothing is removed
    and SampleRefused lists those rows. Looks for second records go with the people. The clock runs
    again if it still stands where the sample set it.
    """
    removal = find_sample()
    if removal.hanging and not force:
        raise SampleRefused(_hanging_sentence(removal.hanging))
    removed: dict[str, int] = {}
    for model in _children_first(removal.doomed):
        _forget_own_kind(model, removal.doomed[model])
        rows = model._base_manager.filter(pk__in=removal.doomed[model])
        removed[str(model._meta.verbose_name_plural)] = rows.count()
        rows.delete()
    if Person in removal.doomed:
        # What was learnt from sample people says nothing about others; the worker looks anew.
        DuplicateScan.objects.all().delete()
    ClockSetting.objects.start_again(demo_clock())
    return removed


def find_sample() -> Removal:
    """Every sample row, the parts of each, and users' rows bound to them, to the last."""
    removal = Removal()
    for model in _models():
        if _is_marked(model):
            keys = set(model._base_manager.filter(is_sample=True).values_list("pk", flat=True))
            if keys:
                removal.doomed[model] = keys
    fresh = {model: set(keys) for model, keys in removal.doomed.items()}
    while fresh:
        found: dict[type[models.Model], set] = defaultdict(set)
        for child, relation in _bound_to(fresh):
            rows = child._base_manager.filter(
                **{f"{relation.name}__in": fresh[relation.related_model]}
            )
            for row in rows.exclude(pk__in=removal.doomed.get(child, ())):
                if row.pk in found[child]:
                    continue
                found[child].add(row.pk)
                if _is_marked(child) or child in ENTERED_UNMARKED:
                    removal.hanging.append(row)
        for child, keys in found.items():
            removal.doomed[child] |= keys
        fresh = {child: keys for child, keys in found.items() if keys}
    return removal


def _models() -> Iterator[type[models.Model]]:
    """Models with a table of their own; link tables go with the rows they tie."""
    return (model for model in apps.get_models() if model._meta.managed and not model._meta.proxy)


def _is_marked(model: type[models.Model]) -> bool:
    return any(column.name == "is_sample" for column in model._meta.local_fields)


def _bindings(model: type[models.Model]) -> Iterator[models.ForeignKey]:
    for column in model._meta.local_fields:
        if isinstance(column, models.ForeignKey) and column.remote_field.on_delete in BINDING:
            yield column


def _bound_to(parents: Any) -> Iterator[tuple[type[models.Model], models.ForeignKey]]:
    for model in _models():
        for relation in _bindings(model):
            if relation.related_model in parents:
                yield model, relation


def _children_first(doomed: Any) -> list[type[models.Model]]:
    """The models in an order in which nothing is removed that another row still needs."""
    order: TopologicalSorter = TopologicalSorter()
    for model in doomed:
        order.add(model)
        for relation in _bindings(model):
            if relation.related_model in doomed and relation.related_model is not model:
                order.add(relation.related_model, model)
    return list(order.static_order())


def _forget_own_kind(model: type[models.Model], keys: set) -> None:
    """Loosen pointers between rows of one model (merged into, replaces) that all go."""
    for relation in _bindings(model):
        if relation.related_model is model and relation.null:
            model._base_manager.filter(pk__in=keys).update(**{relation.name: None})


def words_of(row: models.Model) -> str:
    """What a person calls the row: its own words, or else those of the rows it is a part of."""
    if type(row).__str__ is not models.Model.__str__:
        return str(row)
    parents = (
        getattr(row, column.name)
        for column in row._meta.local_fields
        if isinstance(column, models.ForeignKey)
    )
    return "; ".join(words_of(parent) for parent in parents if parent is not None)


def _hanging_sentence(rows: list[models.Model]) -> str:
    lines = [f"  {row._meta.verbose_name} {row.pk}: {words_of(row)}" for row in rows[:LISTED]]
    if len(rows) > LISTED:
        lines.append(f"  and {len(rows) - LISTED} more")
    return (
        "Nothing was removed: these rows were entered by users and cannot stand without the "
        "sample. Move them, or run remove_sample --force to remove them too.\n" + "\n".join(lines)
    )
