"""Short names that stand in addresses: /events/rotterdam-2023/."""

import re
from itertools import count

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext as _

from crm.search import search_key
from crm.validators import clean_line

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST = 50
# Words that lead to another page.
RESERVED = frozenset({"new"})


def new_slug(model: type[models.Model], typed: str, *, name: str) -> str:
    """The short name of a new row of `model`: the typed one, or one made from its name.

    Raises ValidationError when a typed one is taken or holds other signs than a-z, 0-9 and "-";
    one made from the name gets a number where it is taken.
    """
    rows = model._default_manager.all()
    if typed := clean_line(typed):
        if not SLUG.fullmatch(typed) or typed in RESERVED or len(typed) > LONGEST:
            sentence = _("Use small letters a to z, digits and hyphens, like spring-2027.")
            raise ValidationError({"slug": sentence})
        if rows.filter(slug=typed).exists():
            raise ValidationError({"slug": _("This short name is taken; choose another one.")})
        return typed
    made = slugify(search_key(name))[: LONGEST - 5].strip("-") or str(model._meta.model_name)
    tries = (made if number == 1 else f"{made}-{number}" for number in count(1))
    taken = set(rows.filter(slug__startswith=made).values_list("slug", flat=True)) | RESERVED
    return next(each for each in tries if each not in taken)
