"""What a visit can be about. Every project keeps its own list; it may be empty."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.models import User
from visits.models import Topic

EDITABLE = (
    "code",
    "name",
    "plain_text",
    "limits",
    "materials",
    "guide_url",
    "needs_expert",
    "order",
)
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,7}")


@transaction.atomic
def add_topic(values: Mapping[str, Any], *, at: datetime, by: User | None) -> Topic:
    """One more topic (names in EDITABLE); without an `order` it comes last."""
    check_topic(Topic(), values)
    last = Topic.objects.aggregate(last=Max("order"))["last"] or 0
    order = last + 1 if values["order"] is None else values["order"]
    topic = Topic.objects.create(**{**values, "order": order})
    record(topic, "add_topic", at=at, by=by, fields=values)
    return topic


def edit_topic(
    topic: Topic, values: Mapping[str, Any], *, seen: str | None = None, at: datetime, by: User
) -> list[str]:
    """Change a topic; without an `order` it keeps its place.

    Raises ChangedMeanwhile when `seen` is not true now.
    """
    check_topic(topic, values)
    if values["order"] is None:
        values = {**values, "order": topic.order}
    return save_changes(topic, values, seen=seen, at=at, by=by, verb="edit_topic")


@transaction.atomic
def remove_topic(topic: Topic, *, at: datetime, by: User | None) -> None:
    """Take a topic off the list. Refused while a request or a visit names it."""
    named = [
        *topic.requests.values_list("ref", flat=True),
        *topic.visits.values_list("ref", flat=True),
    ]
    if named:
        raise ValidationError(
            _("%(code)s stays on the list: %(refs)s name it.")
            % {"code": topic.code, "refs": ", ".join(named[:5])},
            code="in_use",
        )
    record(topic, "remove_topic", at=at, by=by, fields=["code"])
    topic.delete()


def check_topic(topic: Topic, values: Mapping[str, Any]) -> None:
    """Raise ValidationError when the code is none, or another topic has it."""
    if not CODE.fullmatch(values["code"]):
        sentence = _("Use up to eight letters a to z, digits or hyphens, like T01.")
        raise ValidationError({"code": sentence})
    others = Topic.objects.exclude(pk=topic.pk)
    if others.filter(code__iexact=values["code"]).exists():
        raise ValidationError({"code": _("Another topic has this code.")})
