"""What every list page does: narrow, sort, page, count, and hand itself out as a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import django_filters
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from crm import clock, wording
from crm.domain.audit import record
from crm.exports import FORMATS, Column, export

PER_PAGE = 50
# These shape the page and narrow nothing.
NOT_FILTERS = frozenset({"q", "sort", "page", "as"})


class Pill(NamedTuple):
    """One filter in force, and the address of the page without it."""

    label: str
    remove: str


@dataclass
class ListPage:
    """A filtered, sorted, paged list, with what the page around it needs."""

    request: HttpRequest
    filterset: django_filters.FilterSet
    columns: Sequence[Column]
    rows: QuerySet
    page_obj: Page
    total: int
    tab: str = ""

    @property
    def shown(self) -> int:
        return self.page_obj.paginator.count

    @property
    def search(self) -> str:
        return self.request.GET.get("q", "")

    @property
    def kept(self) -> str:
        """Names of the query that a new search keeps."""
        return f"sort {self.tab}".strip()

    @property
    def form(self) -> Any:
        return self.filterset.form

    @property
    def more_fields(self) -> list[Any]:
        """The form's fields but search and sort, for the menu behind "Filter"."""
        return [bound for bound in self.form if bound.name not in NOT_FILTERS | {self.tab}]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.pills or self.search or self.form.errors)

    @cached_property
    def pills(self) -> list[Pill]:
        if not self.form.is_valid():
            return []
        found = []
        for name, value in self.form.cleaned_data.items():
            if name in NOT_FILTERS | {self.tab} or value in (None, "", []):
                continue
            for each in value if isinstance(value, list) else [value]:
                found.append(self._pill(name, each))
        return found

    def _pill(self, name: str, value: Any) -> Pill:
        field = self.form.fields[name]
        query = self.request.GET.copy()
        kept = [each for each in query.getlist(name) if each != str(value)]
        is_several = isinstance(self.form.cleaned_data[name], list)
        query.setlist(name, kept if is_several else [])
        query.pop("page", None)
        text = query.urlencode()
        return Pill(
            f"{field.label}: {_words(field, value)}", f"?{text}" if text else self.request.path
        )

    @property
    def faults(self) -> list[str]:
        """What is wrong with the query, in sentences."""
        return [
            f"{self.form.fields[name].label}: {error}"
            for name, errors in self.form.errors.items()
            for error in errors
        ]

    @property
    def export_links(self) -> list[tuple[str, str]]:
        """Format and address of this list as a file: the same filters, the same order."""
        links = []
        for file_format in FORMATS:
            query = self.request.GET.copy()
            query.pop("page", None)
            query["as"] = file_format
            links.append((file_format.upper(), f"?{query.urlencode()}"))
        return links


def _words(field: Any, value: Any) -> str:
    if isinstance(value, date):
        return wording.day(value)
    if isinstance(value, Model):
        return str(value)
    choices = dict(getattr(field, "choices", ()) or ()) if not isinstance(value, Model) else {}
    return str(choices.get(value, value))


def list_page(
    request: HttpRequest,
    filter_class: type[django_filters.FilterSet],
    rows: QuerySet,
    columns: Iterable[Column],
    *,
    tab: str = "",
    usual: str = "",
) -> ListPage:
    """The list for this request. A query that cannot be read finds nothing and says why.

    `tab` names the filter that the page shows as tabs; without it in the query, `usual` holds.
    """
    query = request.GET.copy()
    if tab and usual:
        query.setdefault(tab, usual)
    filterset = filter_class(query, queryset=rows, request=request)
    found = filterset.qs if filterset.is_valid() else rows.none()
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    answers = getattr(filterset.form, "cleaned_data", {})
    is_narrowed = bool(filterset.form.errors) or any(
        value for name, value in answers.items() if name != "sort"
    )
    total = page.paginator.count
    if is_narrowed:
        total = filter_class({}, queryset=rows, request=request).qs.count()
    return ListPage(request, filterset, list(columns), found, page, total, tab)


def as_file(page: ListPage, name: str) -> HttpResponse | None:
    """The list as the file its `as` asks for, written down in the audit; None when it asks none."""
    file_format = page.request.GET.get("as", "")
    if file_format not in FORMATS:
        return None
    user = page.request.user
    record(
        user,
        "export_list",
        at=clock.now(),
        by=user,
        fields=[f"{name}.{file_format} ({page.shown})"],
    )
    stamp = clock.now().strftime("%Y-%m-%d")
    return export(
        f"{name}-{stamp}",
        page.columns,
        page.rows,
        file_format=file_format,
        zone=user.time_zone,
    )
