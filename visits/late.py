"""Libraries loaded when they are first used: numpy, highspy, icalendar, altcha.

A web process that only shows lists does without their 40 MB. After its first use an attribute is as
quick to reach as one of the library itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["altcha", "highspy", "icalendar", "np"]


class Late:
    """Stands for a library, and loads it at the first attribute asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(import_module(self._name), attribute)
        self.__dict__[attribute] = value
        return value


if TYPE_CHECKING:
    import altcha
    import highspy
    import icalendar
    import numpy as np
else:
    np, highspy = Late("numpy"), Late("highspy")
    icalendar, altcha = Late("icalendar"), Late("altcha")
