"""What every list page does: narrow, sort, page, count, and hand itself out as a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import django_filters
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.core.paginator import Page
from django.db.models import Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect, replace_url

from crm import clock, counting, wording
from crm.counting import CountingPaginator, SearchPaginator, count_up_to
from crm.domain.export_log import note_export
from crm.exports import FORMATS, Column, export
from crm.filters import ListFilter, RowNumber, with_only
from visits.views.desk.saved_views import Views, obey_view, views_of

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
        """How many rows can be paged through; `count_words` says whether there are more."""
        return self.page_obj.paginator.count

    @property
    def count_words(self) -> str:
        """How many rows are shown of how many, as in "12 of 10,000+"."""
        shown, total = self.page_obj.paginator.words, counting.in_words(self.total)
        if shown == total:
            return total
        return _("%(shown)s of %(total)s") % {"shown": shown, "total": total}

    @property
    def search(self) -> str:
        return self.request.GET.get("q", "")

    @property
    def kept(self) -> str:
        """Names of the query that a new search keeps without showing a field for them."""
        return " ".join(["sort", "shown", *filter(None, [self.tab]), *self._numbers])

    @property
    def _numbers(self) -> list[str]:
        """Filters by the number of a row: other pages link to them, nobody types them."""
        filters = self.filterset.filters.items()
        return [name for name, each in filters if isinstance(each, RowNumber)]

    @property
    def form(self) -> Any:
        return self.filterset.form

    @property
    def more_fields(self) -> list[Any]:
        """The form's fields but search and sort, for the menu behind "Filter"."""
        left_out = NOT_FILTERS | {self.tab, *self._numbers}
        return [bound for bound in self.form if bound.name not in left_out]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.pills or self.search or self.form.errors)

    @cached_property
    def pills(self) -> list[Pill]:
        if not self.form.is_valid():
            return []
        found = []
        for name, value in self.form.cleaned_data.items():
            if name in NOT_FILTERS | {self.tab} or value in (None, ""):
                continue
            for each in value if isinstance(value, list | QuerySet) else [value]:
                found.append(self._pill(name, each))
        return found

    def _pill(self, name: str, value: Any) -> Pill:
        field = self.form.fields[name]
        query = self.request.GET.copy()
        kept = [each for each in query.getlist(name) if each != str(field.prepare_value(value))]
        is_several = isinstance(self.form.cleaned_data[name], list | QuerySet)
        query.setlist(name, kept if is_several else [])
        query.pop("page", None)
        text = query.urlencode()
        return Pill(
            f"{field.label}: {_words(field, value)}", f"?{text}" if text else self.request.path
        )

    @cached_property
    def views(self) -> Views:
        """The views kept of this list."""
        return views_of(self.request)

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
    if isinstance(value, bool):
        return _("yes") if value else _("no")
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
    obey_view(request)
    query = request.GET.copy()
    if tab and usual:
        query.setdefault(tab, usual)
    filterset = filter_class(query, queryset=rows, request=request)
    _name_the_empty_choice(filterset.form)
    found = filterset.qs if filterset.is_valid() else rows.none()
    answers = getattr(filterset.form, "cleaned_data", {})
    pages = SearchPaginator if answers.get("q") else CountingPaginator
    page = pages(found, PER_PAGE).get_page(request.GET.get("page"))
    if isinstance(filterset, ListFilter) and page.paginator.count:
        ordered = filterset.paged(page.paginator.count)
        page.object_list = ordered[page.start_index() - 1 : page.end_index()]
    is_narrowed = bool(filterset.form.errors) or any(
        value for name, value in answers.items() if name != "sort"
    )
    total = page.paginator.up_to
    if is_narrowed:
        total = count_up_to(
            with_only(filter_class, frozenset())({}, queryset=rows, request=request).qs
        )
    return ListPage(request, filterset, list(columns), found, page, total, tab)


def _name_the_empty_choice(form: Any) -> None:
    """ "any" instead of a row of dashes, in every field with one choice."""
    for field in form.fields.values():
        if isinstance(field, ModelChoiceField) and field.empty_label:
            field.empty_label = _("any")
        elif getattr(field, "empty_label", None):
            field.widget.choices = [("", _("any")), *(pair for pair in field.choices if pair[0])]


def render_list(page: ListPage, whole: str, rows: str, context: dict[str, Any]) -> HttpResponse:
    """The page `visits/<whole>.html`, or `rows` of it alone when htmx searches as one types.

    The address in the browser stays without empty values. When more than the search changed, the
    whole page comes anew, because its pills and tabs change too.
    """
    request, context = page.request, {"list": page, **context}
    if not request.htmx:
        return render(request, f"visits/{whole}.html", context)
    path = clean_path(request)
    if filters_of(request.GET) != filters_of(QueryDict(urlsplit(_current_url(request)).query)):
        return HttpResponseClientRedirect(path)
    return replace_url(render(request, f"visits/{rows}.html", context), path)


def _current_url(request: HttpRequest) -> str:
    return request.htmx.current_url or ""


def clean_path(request: HttpRequest) -> str:
    """The address of this page without the names whose value is empty."""
    query = QueryDict(mutable=True)
    for name, values in request.GET.lists():
        query.setlist(name, [value for value in values if value])
    text = query.urlencode()
    return f"{request.path}?{text}" if text else request.path


def filters_of(query: QueryDict) -> dict[str, list[str]]:
    """What narrows the list beside the words searched for."""
    found = {
        name: sorted(value for value in values if value)
        for name, values in query.lists()
        if name not in ("q", "page")
    }
    return {name: values for name, values in found.items() if values}


def let_out(request: HttpRequest, name: str, rows: int) -> None:
    """Write down that a list leaves as the file `name`.

    More than LARGE_EXPORT_ROWS rows leave only after the password once more, so that a stolen
    session takes no address book away, and the administrators are told.
    """
    if rows > settings.LARGE_EXPORT_ROWS and not did_recently_reauthenticate(request):
        raise ReauthenticationRequired
    note_export(name, rows, at=clock.now(), by=request.user)


def as_file(page: ListPage, name: str) -> HttpResponse | None:
    """The list as the file its `as` asks for, written down in the audit; None when it asks none."""
    file_format = page.request.GET.get("as", "")
    if file_format not in FORMATS:
        return None
    user = page.request.user
    let_out(page.request, f"{name}.{file_format}", page.rows.count())
    stamp = clock.now().strftime("%Y-%m-%d")
    return export(
        f"{name}-{stamp}",
        page.columns,
        page.rows,
        file_format=file_format,
        zone=user.time_zone,
    )
