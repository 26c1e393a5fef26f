"""What the municipality answers: a date, another date, withdrawn, back again, what is ready."""

from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.search import search_key
from crm.validators import clean_line
from visits.domain import date_wishes, municipality, own_request
from visits.domain.booking import Busy
from visits.domain.proposals import may_ask_again
from visits.domain.requests import Wish
from visits.models import DateWish, VisitRequest
from visits.public.fields import LineField, WordsField
from visits.public.standing import awaits_answer, current_visit, open_holds, standing_of
from visits.public.views.private import form_page, private_page
from visits.public.views.status import status_page
from visits.public.wished_days import add_days, check_days, day_rows, wished_in
from visits.states import RequestState


class OtherDatesForm(forms.Form):
    """None of the offered dates suits."""

    # A tick at "online" is an answer by itself.
    use_required_attribute = False

    reason = WordsField(
        max_length=1_000,
        rows=4,
        label=gettext_lazy("What would suit you?"),
        help_text=gettext_lazy(
            "Dates, days of the week, or what stands in the way. It may stay empty when you tick "
            "the line below."
        ),
        error_messages={"required": gettext_lazy("Tell us in a few words what would suit you.")},
    )
    online_is_fine = forms.BooleanField(
        required=False, label=gettext_lazy("An online meeting is fine too")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.data.get("online_is_fine"):
            self.fields["reason"].required = False


class AnotherDateForm(forms.Form):
    """Days that suit the city better than the agreed one, and why."""

    reason = WordsField(
        max_length=1_000,
        rows=3,
        required=False,
        label=gettext_lazy("What stands in the way, or what else would suit you?"),
    )

    def __init__(
        self, *args: Any, asked: VisitRequest, wish: DateWish | None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.asked = asked
        add_days(self, [Wish(on, part) for on, part in wish.wished] if wish else [])
        self.initial["reason"] = wish.reason if wish else ""

    @property
    def dates(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return day_rows(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        today = clock.now().astimezone(ZoneInfo(self.asked.zone)).date()
        check_days(self, self.asked.campaign, today=today)
        return cleaned


class MeetingPlaceForm(forms.Form):
    """Where the agreed visit takes place."""

    place = LineField(
        max_length=300,
        label=gettext_lazy("Where do we meet?"),
        error_messages={"required": gettext_lazy("Write where we meet, then press the button.")},
    )


class WithdrawForm(forms.Form):
    """The end of a wish, made sure of by typing its reference."""

    reference = LineField(
        max_length=20,
        label=gettext_lazy("Reference"),
        error_messages={"required": gettext_lazy("Type the reference to go on.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    reason = WordsField(
        max_length=500,
        rows=2,
        required=False,
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy("You need not give a reason."),
    )

    def __init__(self, *args, asked: VisitRequest, **options) -> None:
        super().__init__(*args, **options)
        self.asked = asked
        self.fields["reference"].help_text = _("Type %(ref)s to show that you mean it.") % {
            "ref": asked.ref
        }

    def clean_reference(self) -> str:
        typed = self.cleaned_data["reference"]
        if search_key(typed).replace(" ", "") != search_key(self.asked.ref):
            raise ValidationError(
                _("“%(typed)s” is not the reference of this request; it is %(ref)s.")
                % {"typed": typed, "ref": self.asked.ref},
                code="reference",
            )
        return typed


@private_page
@require_POST
def accept(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Take one of the offered dates; refuses when none was chosen.

    The button pressed twice has taken the date once, and says so.
    """
    place = clean_line(request.POST.get("place", ""))
    holds = open_holds(asked, current_visit(asked), at=clock.now())
    chosen = next((hold for hold in holds if str(hold.pk) == request.POST.get("hold")), None)
    # Asked once the dates were read: a press between the two would find neither.
    if _has_taken(asked, request.POST.get("hold"), place):
        return _agreed(request, language)
    if chosen is None:
        fault = _("Choose one of the dates, then press the button.")
        if not holds or request.POST.get("hold"):
            fault = _("This date is no longer held for you. Below you see where things stand.")
        target = "slot-1" if holds else ""
        return status_page(
            request,
            language,
            asked,
            status=400,
            fault=fault,
            fault_target=target,
            typed_place=place,
        )
    try:
        municipality.accept(asked, chosen, address=place, at=clock.now())
    except (ValidationError, Busy) as error:
        if _has_taken(asked, str(chosen.pk), place):
            return _agreed(request, language)
        return _refused(request, language, asked, error, typed_place=place)
    return _agreed(request, language)


def _has_taken(asked: VisitRequest, hold: str | None, place: str) -> bool:
    """Whether this very answer was given already: the same date, and no other place."""
    visit = current_visit(asked)
    if visit is None or (place and place != visit.address):
        return False
    taken = visit.holds.exclude(accepted_at=None).values_list("pk", flat=True)
    return hold in map(str, taken)


def _agreed(request: HttpRequest, language: str) -> HttpResponse:
    messages.success(request, _("The date is agreed. A mail to you is on its way."))
    return redirect("public:mine", language=language)


@private_page
@require_POST
def agree(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Agree to the time we moved the visit to; refuses while that was not ticked."""
    visit = current_visit(asked)
    if request.POST.get("sure") != "yes" or visit is None:
        fault = _("Tick that the new date suits you, then press the button.")
        return status_page(
            request, language, asked, status=400, fault=fault, fault_target="id_sure"
        )
    try:
        municipality.agree_to_move(asked, visit, at=clock.now())
    except (ValidationError, Busy) as error:
        return _refused(request, language, asked, error)
    return _agreed(request, language)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def other_dates(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Say that none of the offered dates suits, or that the time ran out, and what would."""
    answer = _refusal_of(asked)
    if answer is None:
        return redirect("public:mine", language=language)
    form = OtherDatesForm(request.POST if request.method == "POST" else None)
    is_expired = asked.state == RequestState.EXPIRED
    if form.is_valid():
        try:
            answer(at=clock.now(), **form.cleaned_data)
        except (ValidationError, Busy) as error:
            return _refused(request, language, asked, error)
        words = (
            _("Thank you. We look for new dates.")
            if is_expired
            else _("Thank you. The dates are free again; we look for others.")
        )
        messages.success(request, words)
        return redirect("public:mine", language=language)
    return form_page(request, language, asked, "other_dates.html", form, is_expired=is_expired)


def _refusal_of(asked: VisitRequest) -> Callable[..., VisitRequest] | None:
    """The verb by which this request asks for other dates now; None when it cannot."""
    visit = current_visit(asked)
    if may_ask_again(asked, at=clock.now()):
        return partial(municipality.ask_again, asked)
    if visit is not None and awaits_answer(asked, visit):
        return partial(municipality.refuse_move, asked, visit)
    if visit is not None and open_holds(asked, visit, at=clock.now()):
        return partial(municipality.refuse_dates, asked, visit)
    return None


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def another_date(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Ask for another date than the agreed one, which stands; or change what was asked for."""
    visit, at = current_visit(asked), clock.now()
    if visit is not None and awaits_answer(asked, visit):
        return redirect("public:other-dates", language=language)
    try:
        date_wishes.check_may_ask(asked, visit, at=at)
    except ValidationError as error:
        return _refused(request, language, asked, error)
    wish = date_wishes.open_wish(asked)
    given = request.POST if request.method == "POST" else None
    form = AnotherDateForm(given, asked=asked, wish=wish)
    if form.is_valid():
        reason, wishes = form.cleaned_data["reason"], wished_in(form)
        try:
            date_wishes.ask_for_date(asked, wishes=wishes, reason=reason, at=at)
        except ValidationError as error:
            if not date_wishes.may_ask(asked, current_visit(asked), at=at):
                return _refused(request, language, asked, error)
            form.add_error(None, error)
        except Busy as error:
            return _refused(request, language, asked, error)
        else:
            words = _("Thank you. Your agreed date stays until we write to you with another one.")
            messages.success(request, words)
            return redirect("public:mine", language=language)
    return form_page(request, language, asked, "another_date.html", form, visit=visit, wish=wish)


@private_page
@require_POST
def date_stays(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Take the wish for another date back."""
    try:
        date_wishes.take_back_wish(asked, at=clock.now())
    except (ValidationError, Busy) as error:
        return _refused(request, language, asked, error)
    messages.success(request, _("Your wish is taken back; the agreed date stays."))
    return redirect("public:mine", language=language)


@private_page
@require_POST
def meeting_place(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Say where an agreed visit takes place; refuses an empty or over-long line."""
    typed = request.POST.get("place", "")
    common = {"fault_target": "id_place", "typed_place": typed}
    try:
        place = MeetingPlaceForm.base_fields["place"].clean(typed)
    except ValidationError as error:
        fault = " ".join(error.messages)
        return status_page(request, language, asked, status=400, fault=fault, **common)
    if not standing_of(asked, at=clock.now()).needs_address:
        fault = _("The place is known already. Below you see where things stand.")
        return status_page(request, language, asked, status=409, fault=fault, typed_place=typed)
    own_request.correct(asked, values={}, meeting_place=place, at=clock.now())
    messages.success(request, _("Thank you. The place is kept."))
    return redirect("public:mine", language=language)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Withdraw the request, or cancel the visit with it; the reference has to be typed."""
    if not asked.is_open:
        return redirect("public:mine", language=language)
    form = WithdrawForm(request.POST if request.method == "POST" else None, asked=asked)
    if form.is_valid():
        try:
            municipality.withdraw(asked, reason=form.cleaned_data["reason"], at=clock.now())
        except (ValidationError, Busy) as error:
            return _refused(request, language, asked, error)
        messages.success(request, _("Your request is withdrawn. You can undo this for 24 hours."))
        return redirect("public:mine", language=language)
    return form_page(
        request,
        language,
        asked,
        "withdraw.html",
        form,
        standing=standing_of(asked, at=clock.now()),
    )


@private_page
@require_POST
def undo(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Take a withdrawal back, with its date while that is free."""
    if request.POST.get("sure") != "yes":
        fault = _("Tick that you want the request back, then press the button.")
        return status_page(
            request, language, asked, status=400, fault=fault, fault_target="id_sure"
        )
    try:
        _asked, is_booked = municipality.undo_withdrawal(asked, at=clock.now())
    except (ValidationError, Busy) as error:
        return _refused(request, language, asked, error)
    words = (
        _("Your request is open again, and so is its date.")
        if is_booked
        else _("Your request is open again. We look for a date.")
    )
    messages.success(request, words)
    return redirect("public:mine", language=language)


@private_page
@require_POST
def checklist(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Keep which preparations are done."""
    done = [int(pk) for pk in request.POST.getlist("done") if pk.isdecimal() and len(pk) < 12]
    changed = own_request.tick_checklist(asked, done=done, at=clock.now())
    if changed:
        messages.success(request, _("Your checklist is kept."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("public:mine", language=language)


def _refused(
    request: HttpRequest, language: str, asked: VisitRequest, error: Exception, **more: Any
) -> HttpResponse:
    fault = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    asked.refresh_from_db()
    return status_page(request, language, asked, status=409, fault=fault, **more)
