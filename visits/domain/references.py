"""References people say on the phone: R26 for a request, V19 for a visit, H3 for a host."""

import re

from django.db import models

from visits.domain.booking import lock_resources


def next_reference(model: type[models.Model], letter: str, *, digits: int = 2) -> str:
    """The first free number after the highest one in use; inside a transaction."""
    lock_resources([f"reference:{letter}"])
    taken = model._default_manager.filter(ref__startswith=letter).values_list("ref", flat=True)
    numbers = [int(match[1]) for ref in taken if (match := re.fullmatch(rf"{letter}(\d+)", ref))]
    return f"{letter}{max(numbers, default=0) + 1:0{digits}d}"
