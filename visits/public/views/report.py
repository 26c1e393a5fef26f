"""What the municipality says to the report of its visit."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import clock
from visits.domain.report_check import approve_report, correct_report
from visits.models import VisitRequest
from visits.public.fields import WordsField
from visits.public.standing import standing_of
from visits.public.views.private import private_page
from visits.public.views.status import status_page

APPROVE, CORRECT = "approve", "correct"
WORDS = WordsField(max_length=4_000, required=False)


@private_page
@require_POST
def check_report(request: HttpRequest, language: str, asked: VisitRequest) -> HttpResponse:
    """Approve the report or say what it should say; refuses while neither was chosen."""
    at = clock.now()
    report = standing_of(asked, at=at).report
    if report is None:
        return redirect("public:mine", language=language)
    answer, typed = request.POST.get("answer", ""), request.POST.get("correction", "")
    seen = request.POST.get("seen", "")
    common = {"typed_answer": answer, "typed_correction": typed}
    if answer not in (APPROVE, CORRECT):
        fault = _("Choose whether the report is right, then press the button.")
        target = "answer-approve" if report.may_check else ""
        return status_page(
            request, language, asked, status=400, fault=fault, fault_target=target, **common
        )
    try:
        if answer == APPROVE:
            approve_report(report.row, seen=seen, at=at)
            thanks = _("Thank you. The report is agreed.")
        else:
            correct_report(report.row, text=WORDS.clean(typed), seen=seen, at=at)
            thanks = _("Thank you. We have your correction and answer it.")
    except ValidationError as error:
        # What can be put right here is asked for again; the rest has happened meanwhile.
        is_typed = getattr(error, "code", None) in ("unchanged", "max_length", None)
        return status_page(
            request,
            language,
            asked,
            status=400 if is_typed else 409,
            fault=" ".join(error.messages),
            fault_target="id_correction" if is_typed else "",
            **common,
        )
    messages.success(request, thanks)
    return redirect("public:mine", language=language)
