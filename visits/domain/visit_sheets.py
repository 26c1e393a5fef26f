"""Two sheets of one visit, dressed like the public edition: who attends, and the thank-you report.

Both are built up from fields the city may see, like `visits.domain.brief_public`. The thank-you
report says besides what the city and we promised each other, and the step of the ladder reached.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm import wording
from crm.models import FollowUp
from visits.briefs import press
from visits.briefs.edition import (
    Column,
    Edition,
    Fact,
    Facts,
    Imprint,
    Items,
    Prose,
    Section,
    Table,
)
from visits.briefs.paper import A4, Paper
from visits.domain import brief_parts as parts
from visits.domain.brief_public import SHOWN
from visits.domain.briefs import language_for
from visits.models import BriefEdition, PackRun, Visit, VisitReport
from visits.models.reports import Audience, Outcome

# Two lines high, for a pen.
ROOM_TO_SIGN = "\u00a0\n\u00a0"
FEWEST_ROWS, MOST_ROWS, SPARE_ROWS = 12, 40, 3


def sheet_pdf(
    visit: Visit, kind: str, *, at: datetime, language: str = "", paper: Paper = A4
) -> tuple[bytes, str]:
    """The sheet as PDF in the language asked for, else the city's, and its file name.

    Raises ValidationError for a language we have no words in, and for a thank-you report of a
    visit that nobody has reported on.
    """
    language = language_for(visit, BriefEdition.Kind.PUBLIC, language)
    gather = gather_thanks if kind == PackRun.Kind.THANKS else gather_attendance
    edition = gather(visit, language)
    with override(language):
        built = _("as of %(when)s") % {"when": wording.local_time(at, visit.zone)}
    imprint = Imprint(0, at, visit.ref, built)
    return press.brief_pdf(edition, imprint, paper), f"{visit.ref}-{kind}-{language}.pdf"


def takes_names(visit: Visit) -> bool:
    """Whether people may sign by name: not where the city wants anything kept secret."""
    return not any(request.secrecy.strip() for request in visit.requests.all())


def gather_attendance(visit: Visit, language: str) -> Edition:
    """The sheet that lies on the table: lines to sign, or counts where no names are taken."""
    with override(language):
        by_name = takes_names(visit)
        who = _names(visit) if by_name else _counts_to_write()
        note = (
            _("The list shows the funder how many people took part; it serves nothing else."),
            _("Nobody has to sign. Who leaves the line empty is counted without a name."),
        )
        none = (_("No names are taken at this visit; only people are counted."),)
        own = _("You may see, correct or have deleted what we keep: just answer our mail.")
        data = Section("data", _("Data and photos"), (Items((*(note if by_name else none), own)),))
        return _edition(visit, language, _("Attendance sheet"), sections=(who, data))


def gather_thanks(visit: Visit, language: str) -> Edition:
    """What was shown, who came, what came of it and what was promised; a draft until approved."""
    report = VisitReport.objects.for_city().filter(visit=visit).first()
    if report is None:
        raise ValidationError(
            _("%(ref)s has no report yet."), code="no_report", params={"ref": visit.ref}
        )
    with override(language):
        notice = "" if report.validated_at else _("Draft: you have not approved this report yet.")
        topics = [topic.title for topic in report.topics_covered.all()]
        sections = [Section("report", _("Report of the visit"), (Prose(report.summary),))]
        if topics:
            sections.append(Section("topics", _("Topics"), (Items(tuple(topics)),)))
        sections += [*_counted(report), *_came_of_it(report), *_promised(visit)]
        last = Section("thanks", _("Thank you"), (Prose(_("Thank you for the conversation.")),))
        return _edition(
            visit,
            language,
            _("Report of the visit"),
            sections=(*sections, last),
            notice=notice,
        )


def _edition(
    visit: Visit,
    language: str,
    name: str,
    *,
    sections: tuple[Section, ...],
    notice: str = "",
) -> Edition:
    requests = parts.requests_of(visit)
    city = visit.municipality.name if visit.municipality else requests[0].city if requests else ""
    country = visit.municipality.country if visit.municipality else ""
    when = wording.time_range(visit.starts_at, visit.ends_at, visit.zone)
    sample = _("Sample data: people and requests are invented.") if visit.is_sample else ""
    host = parts.join((visit.host.name, visit.host.title))
    return Edition(
        kind="public",
        language=language,
        ref=visit.ref,
        name=name,
        city=city,
        country=wording.country_name(country) if country else "",
        mode=str(visit.get_mode_display()),
        state=parts.state_of(SHOWN.get(visit.state, visit.state)),
        notice=notice,
        when=when,
        when_home="",
        essentials=parts.facts((_("Where"), visit.address), (_("From our side"), host)),
        sections=sections,
        foot=parts.join((visit.campaign.funding_line, sample), "\n"),
        author=visit.campaign.name,
        is_sample=visit.is_sample,
    )


def _names(visit: Visit) -> Section:
    expected = sum(request.people or 0 for request in visit.requests.all())
    count = min(max(expected + SPARE_ROWS, FEWEST_ROWS), MOST_ROWS)
    columns = (
        Column("", 0.3, figures=True),
        Column(_("Name"), 2.0),
        Column(_("Body and role"), 2.0),
        Column(_("Signature"), 1.7),
    )
    rows = tuple((f"{number}", "", "", ROOM_TO_SIGN) for number in range(1, count + 1))
    return Section("people", _("People who took part"), (Table(columns, rows),))


def _counts_to_write() -> Section:
    columns = (Column(_("Kind of body"), 2.4), Column(_("People"), 1.0), Column("", 2.6))
    rows = tuple((str(audience.label), "", "") for audience in Audience)
    return Section("people", _("People who took part"), (Table(columns, rows),))


def _counted(report: VisitReport) -> list[Section]:
    counts = list(report.counts.all())
    if not counts:
        return []
    columns = (Column(_("Kind of body"), 3.0), Column(_("People"), 1.0, figures=True))
    rows = [(str(row.get_audience_display()), f"{row.people}") for row in counts]
    rows.append((_("Together"), f"{sum(row.people for row in counts)}"))
    return [Section("people", _("People who took part"), (Table(columns, tuple(rows)),))]


def _came_of_it(report: VisitReport) -> list[Section]:
    if report.outcome == Outcome.OPEN:
        return []
    stands = Fact(_("Where you stand"), str(Outcome(report.outcome).label))
    return [Section("outcome", _("What came of it"), (Facts((stands,)),))]


def _promised(visit: Visit) -> list[Section]:
    promises = list(visit.follow_ups.order_by("due_on", "pk"))
    if not promises:
        return []
    columns = (
        Column(_("Promise"), 3.0),
        Column(_("By whom"), 1.0),
        Column(_("By when"), 1.4),
    )
    rows = tuple(
        (
            row.text,
            _("your city") if row.owner == FollowUp.Owner.THEIRS else _("us"),
            _("done") if row.done_on else wording.day(row.due_on),
        )
        for row in promises
    )
    return [Section("promises", _("What we promised each other"), (Table(columns, rows),))]
