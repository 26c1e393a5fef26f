"""Requests: the inbox as a list beside the one that is open, and a new one by hand."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock
from crm.domain.places import place_fault, resolve_city
from crm.exports import FORMATS, Column, export
from crm.lookalikes import disguise_of
from crm.models import IncomingMail, Person, Place
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_number
from visits import states
from visits.domain.acquaintances import acquaintances_of, may_add_address, may_add_phone
from visits.domain.answer_clock import minutes_left, time_left_words
from visits.domain.history import people_met, request_timeline, same_city
from visits.domain.inbox.filing import link_request
from visits.domain.inbox.knowledge import people_at
from visits.domain.plans import latest_word
from visits.domain.proposals import may_propose
from visits.domain.requests import receive_request, take_over_request
from visits.domain.wishes import calendar_strip, weigh_wishes
from visits.filters import VisitRequestFilter
from visits.forms.requests import RequestByHandForm, TriageForm
from visits.models import Campaign, Unplaced, VisitRequest
from visits.models.requests import Channel
from visits.states import RequestState
from visits.views.desk.access import current_campaign, date_wishes_of, get_request
from visits.views.desk.lists import let_out
from visits.views.desk.plan import let_ask
from visits.views.desk.saved_views import views_of

PAGE = 50
STAFF = (Role.COORDINATOR, Role.HOST, Role.EXPERT)


def requests_shown(request: HttpRequest):
    """The filtered list and the FilterSet behind it; page, export and detail share it."""
    rows = VisitRequest.objects.visible_to(request.user)
    chosen = VisitRequestFilter(request.GET, queryset=rows)
    found = chosen.qs if chosen.is_valid() else rows
    if not request.GET.get("sort"):
        found = found.in_order_of_need()
    return found.select_related("campaign"), chosen


def list_context(request: HttpRequest, *, open_ref: str = "") -> dict:
    found, chosen = requests_shown(request)
    pages = Paginator(found, PAGE)
    page = pages.get_page(request.GET.get("page") or _page_with(pages, open_ref))
    at = clock.now()
    for row in page.object_list:
        row.note = _waiting_words(row, at)
        row.is_current = row.ref == open_ref
    return {
        "filter": chosen,
        "page_obj": page,
        "rows": page.object_list,
        "total": VisitRequest.objects.visible_to(request.user).count(),
        "shown": page.paginator.count,
        "query": request.GET.urlencode(),
        "states": RequestState.choices,
        "chosen_states": request.GET.getlist("state"),
        "saved": views_of(request),
    }


def _page_with(pages: Paginator, ref: str) -> int:
    """The page of the list that shows the request `ref`; the first where the list has it not."""
    if not ref:
        return 1
    refs = list(pages.object_list.values_list("ref", flat=True))
    # Counted with them, so that nobody asks for the number again.
    pages.count = len(refs)
    return refs.index(ref) // pages.per_page + 1 if ref in refs else 1


def _waiting_words(row: VisitRequest, at) -> str:
    """What the list says at the end of a row: the clock of an answer, or the state."""
    if row.needs_first_reply and row.due_at:
        return time_left_words(minutes_left(row, at=at))
    return row.get_state_display()


@require_safe
@require(*STAFF)
def request_list(request: HttpRequest) -> HttpResponse:
    """The list; beside it, where there is room, the request that needs us most."""
    context = list_context(request)
    if context["rows"]:
        first = context["rows"][0]
        first.is_current = True
        context |= detail_context(request, get_request(request.user, first.ref))
    return render(request, "visits/request_list.html", context)


@require_safe
@require(*STAFF)
def request_detail(request: HttpRequest, ref: str) -> HttpResponse:
    row = get_request(request.user, ref)
    context = list_context(request, open_ref=ref) | detail_context(request, row)
    return render(request, "visits/request_detail.html", context)


def detail_context(request: HttpRequest, row: VisitRequest) -> dict:
    """Everything the page shows of one request."""
    at = clock.now()
    offers = request.user.is_coordinator and may_propose(row)
    return _who_asks(request, row) | {
        "row": row,
        "topics": list(row.topics.all()),
        "wishes": weigh_wishes(row, today=at),
        "strip": calendar_strip(row, today=at, offers=offers),
        "may_propose": offers,
        "met": people_met(row),
        "others": same_city(row),
        "disguise": disguise_of(row.address),
        "visits": row.visits.visible_to(request.user).select_related("host"),
        "entries": request_timeline(row, zone=row.campaign.zone),
        "date_wishes": date_wishes_of(request, row),
        "drafts": row.messages.drafts(),
        "triage": TriageForm.showing(row),
        "steps": states.REQUEST_STEPS[row.state],
        "overdue": row.is_overdue(at),
        "waiting": _waiting_words(row, at),
        "tried": _latest_word(request, row),
    }


def _latest_word(request: HttpRequest, row: VisitRequest) -> Unplaced | None:
    """Why the latest plan has no place for it; a reason that is open is worked out when it is
    seen."""
    tried = latest_word(row)
    if tried is not None and request.user.is_coordinator and tried.version.may_be_edited:
        let_ask(tried.version, [tried], tried.version.left_open)
    return tried


def _who_asks(request: HttpRequest, row: VisitRequest) -> dict:
    """Whom the coordinator may take the asker for; hosts and experts are shown no address book."""
    if not request.user.is_coordinator:
        return {}
    return {
        "known": acquaintances_of(row),
        "may_add_address": may_add_address(row),
        "may_add_phone": may_add_phone(row),
    }


COLUMNS = (
    Column(_lazy("Reference"), lambda row: row.ref),
    Column(_lazy("State"), lambda row: row.get_state_display()),
    Column(_lazy("City"), lambda row: row.city),
    Column(_lazy("Country"), lambda row: row.country),
    Column(_lazy("Department"), lambda row: row.department),
    Column(_lazy("Role"), lambda row: row.requester_role),
    Column(_lazy("Mode"), lambda row: row.get_mode_display()),
    Column(_lazy("People"), lambda row: row.people, is_number=True),
    Column(_lazy("Priority"), lambda row: row.priority, is_number=True),
    Column(_lazy("Received"), lambda row: row.received_at),
    Column(_lazy("First answer"), lambda row: row.first_reply_at),
)


@require_safe
@require(Role.COORDINATOR)
def request_export(request: HttpRequest) -> HttpResponse:
    """The list as it is filtered, as CSV or XLSX."""
    found, _chosen = requests_shown(request)
    wanted = request.GET.get("format", "csv")
    file_format = wanted if wanted in FORMATS else "csv"
    let_out(request, f"requests.{file_format}", found.count())
    return export("requests", COLUMNS, found, file_format=file_format, zone=request.user.time_zone)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def request_new(request: HttpRequest) -> HttpResponse:
    """A request by phone, mail or at the event desk, through the same verb as the form."""
    mail = _mail_named(request)
    person = _person_named(request) or (_writer_of(mail) if mail else None)
    campaigns = Campaign.objects.visible_to(request.user)
    form = RequestByHandForm(
        request.POST or None,
        campaigns=campaigns,
        initial=_known_facts(person, current_campaign(request)) | _words_of(mail),
    )
    candidates: list[Place] = []
    if request.method == "POST" and form.is_valid():
        place, candidates = find_city(form)
        if not form.errors:
            made = _receive(request, form, place, person, mail)
            if made is not None:
                return redirect("visits:request-detail", made.ref)
    status = 422 if form.errors else 200
    return render(
        request,
        "visits/request_new.html",
        {"form": form, "person": person, "candidates": candidates, "mail": mail},
        status=status,
    )


def find_city(form: RequestByHandForm) -> tuple[Place | None, list[Place]]:
    """The one place meant, or the candidates to choose from; none for a city kept as typed.

    What has to be asked first is an error of the form.
    """
    data = form.cleaned_data
    if data["place"]:
        chosen = Place.objects.filter(pk=data["place"]).first()
        if chosen:
            return chosen, []
    meant = resolve_city(data["city"], country=data["country"])
    if meant.is_ambiguous:
        form.add_error("city", _("Several places have this name; choose one below."))
    elif fault := place_fault(meant, country=data["country"]):
        form.add_error("country", fault)
    return meant.place, list(meant.candidates or meant.elsewhere)


def _receive(
    request: HttpRequest,
    form: RequestByHandForm,
    place: Place | None,
    person: Person | None,
    mail: IncomingMail | None,
) -> VisitRequest | None:
    at = clock.now()
    try:
        with transaction.atomic():
            made = receive_request(
                form.cleaned_data["campaign"],
                form.answers(place),
                channel=form.cleaned_data["channel"],
                # Who wrote has waited since then, not since somebody read it.
                received_at=min(at, mail.received_at) if mail else at,
                by=request.user,
                person=person,
            )
            take_over_request(made, at=at, by=request.user)
            if mail is not None:
                link_request(mail, made, at=at, by=request.user)
    except ValidationError as error:
        for sentence in error.messages:
            form.add_error(None, sentence)
        return None
    messages.success(request, _("%(ref)s is noted.") % {"ref": made.ref})
    return made


def _person_named(request: HttpRequest) -> Person | None:
    number = row_number(request.GET.get("person"))
    if number is None:
        return None
    return get_object_or_404(Person.objects.visible_to(request.user), pk=number)


def _mail_named(request: HttpRequest) -> IncomingMail | None:
    """The incoming mail that the request is made of."""
    number = row_number(request.GET.get("mail"))
    if number is None:
        return None
    return get_object_or_404(IncomingMail.objects.visible_to(request.user), pk=number)


def _writer_of(mail: IncomingMail) -> Person | None:
    people = people_at(mail.sender)
    return people[0] if len(people) == 1 else None


def _words_of(mail: IncomingMail | None) -> dict:
    """What an incoming mail says by itself; its words are kept as they are."""
    if mail is None:
        return {}
    return {
        "channel": Channel.EMAIL,
        "raw_text": "\n\n".join(filter(None, [mail.subject, mail.text]))[:20_000],
        "requester_name": mail.sender_name,
        "address": mail.sender[:254],
    }


def _known_facts(person: Person | None, campaign: Campaign | None) -> dict:
    facts: dict = {"campaign": campaign}
    if person is None:
        return facts
    mail = person.contact_points.emails().usable().first()
    municipality = getattr(person.organisation, "municipality", None)
    return facts | {
        "requester_name": person.name,
        "requester_role": person.role,
        "department": person.department,
        "address": str(mail) if mail else "",
        "city": municipality.name if municipality else "",
        "place": municipality.place_id if municipality else None,
        "language": person.languages[0] if person.languages else "en",
    }
