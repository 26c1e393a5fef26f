"""Tags for lists: the query in the address, sortable heads, ticks, pages, breadcrumbs."""

from collections.abc import Container
from functools import lru_cache
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from crm import counting, icons

register = template.Library()

PLACEHOLDER = 1_234_567_890


@register.simple_tag(takes_context=True)
def query_with(context: Context, request: HttpRequest | None = None, **changes: Any) -> str:
    """`href="{% query_with request page=2 %}"`: this page's query with some values replaced.

    None or "" takes a name out; a list sets several values.
    """
    request = request or context["request"]
    query = request.GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        elif isinstance(value, list | tuple | set):
            query.setlist(name, [str(each) for each in value])
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else request.path


@register.simple_tag(takes_context=True)
def query_without(context: Context, name: str, value: Any = None) -> str:
    """`href="{% query_without "state" "received" %}"`: the query without one filter (value)."""
    request = context["request"]
    query = request.GET.copy()
    kept = [] if value is None else [each for each in query.getlist(name) if each != str(value)]
    query.setlist(name, kept)
    query.pop("page", None)
    text = query.urlencode()
    return f"?{text}" if text else request.path


@register.simple_tag(takes_context=True)
def hidden_query(context: Context, names: str) -> str:
    """`{% hidden_query "sort view" %}`: these values of the query as hidden inputs of a form."""
    query = context["request"].GET
    pairs = ((name, value) for name in names.split() for value in query.getlist(name))
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)


# Lists


@register.simple_tag(takes_context=True)
def sort_head(context: Context, key: str, label: str, kind: str = "", param: str = "sort") -> str:
    """`{% sort_head "received_at" _("Received") %}`: a head that sorts, and says how it is sorted.

    `kind="number"` sets it to the end. The query holds "received_at" or "-received_at".
    """
    current = context["request"].GET.get(param, "")
    direction = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    following = f"-{key}" if direction == "ascending" else key
    arrow = _sort_mark(direction)
    return format_html(
        '<th scope="col"{}{}><a href="{}">{}{}</a></th>',
        format_html(' class="{}"', kind) if kind else "",
        format_html(' aria-sort="{}"', direction) if direction else "",
        query_with(context, **{param: following, "page": None}),
        label,
        arrow,
    )


def _sort_mark(direction: str) -> str:
    if not direction:
        return ""
    turned = " sort-up" if direction == "ascending" else ""
    return format_html(
        '<svg class="icon sort-mark{}" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>',
        turned,
        icons.ICONS["chevron-down"],
    )


@register.simple_tag
def row_path(name: str, number: int) -> str:
    """`href="{% row_path "visits:person-detail" person.pk %}"`: as `url`, ten times as quick, for
    addresses that hold one number."""
    before, after = _around(name)
    return f"{before}{number}{after}"


@lru_cache(maxsize=64)
def _around(name: str) -> tuple[str, str]:
    before, after = reverse(name, args=[PLACEHOLDER]).split(str(PLACEHOLDER))
    return before, after


@register.simple_tag
def tick_all() -> str:
    """`<tr>{% tick_all %}…`: the head that ticks every row of a bulk table."""
    return format_html(
        '<th scope="col" class="cell-tick"><input type="checkbox" data-tick-all aria-label="{}">'
        "</th>",
        _("Tick all rows"),
    )


@register.simple_tag
def tick_row(value: Any, label: str, name: str = "rows", ticked: Container[Any] = ()) -> str:
    """`<tr>{% tick_row person.pk person.name %}…`: the cell that ticks one row.

    `ticked` holds the values that come ticked, as after a refusal.
    """
    return format_html(
        '<td class="cell-tick"><input type="checkbox" name="{}" value="{}"{} data-row-tick '
        'aria-label="{}"></td>',
        name,
        value,
        " checked" if value in ticked else "",
        _("Tick %(name)s") % {"name": label},
    )


@register.simple_tag
def counted(noun: str, number: str | int, total: int) -> str:
    """`{% counted "people" list.count_words list.total %}`: "12 of 27 people"; NOUNS has them."""
    return counting.counted(noun, number, total) if noun else str(number)


@register.filter
def page_numbers(paginator: Any, number: int) -> Any:
    """The page numbers worth showing around `number`, with the paginator's ellipsis between."""
    return paginator.get_elided_page_range(number, on_each_side=1, on_ends=1)


@register.simple_tag
def breadcrumbs(*steps: str) -> str:
    """`{% breadcrumbs _("People") "/people/" person.name %}`: label and path in turn, here last."""
    labels, paths = steps[::2], steps[1::2]
    items = [
        (label, paths[place] if place < len(paths) else "") for place, label in enumerate(labels)
    ]
    return render_to_string("components/breadcrumbs.html", {"items": items})


@register.simple_tag
def share(value: float | None, total: float | None) -> str:
    """`width="{% share 3 12 %}%"`: what part of the total this is, 0 to 100."""
    if not value or not total:
        return "0"
    return f"{min(100.0, 100 * float(value) / float(total)):.2f}".rstrip("0").rstrip(".")
