"""Reading a JSON body: UTF-8 only, not too deep, or a 400 with one sentence."""

import json

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

DEEPEST = 20


class SafeJSONParser(BaseParser):
    """Strict JSON. A charset other than UTF-8, NaN, and nesting beyond any use are refused."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            value = json.loads(stream.read().decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise ParseError(_("The body is no JSON text in UTF-8.")) from None
        if _depth(value) > DEEPEST:
            raise ParseError(_("The body is nested too deeply."))
        return value


def _refuse(name: str) -> None:
    raise ValueError(name)


def _depth(value) -> int:
    """How many lists and objects lie inside each other, without recursion."""
    deepest, level = 0, [value]
    while level and deepest <= DEEPEST:
        inner = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        deepest += 1
        level = inner
    return deepest
