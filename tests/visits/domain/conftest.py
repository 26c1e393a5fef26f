"""A visit with everything around it, and a secret in every field nobody outside may read."""

from datetime import date, timedelta

import pytest

from crm.models import Interaction, Message, Municipality
from tests.factories.crm import CLOCK, MunicipalityFactory
from tests.factories.visits import (
    ExpertFactory,
    HostFactory,
    TopicFactory,
    VisitFactory,
    VisitRequestFactory,
)
from tests.support.secrets import open_fields, plant
from visits.models import AgendaItem, ChecklistItem, Expense, TravelLeg, Visit
from visits.models.reports import VisitReport
from visits.models.travel import TravelMode


@pytest.fixture
def ghent():
    """A visit with programme, checklist, journey, report and money."""
    city = MunicipalityFactory(name="Ghent")
    request = VisitRequestFactory(
        ref="R01",
        municipality=city,
        language="nl",
        people=12,
        questions=["Who decides when a tool raises an alarm?"],
    )
    visit = VisitFactory(
        ref="V01",
        municipality=city,
        place=city.place,
        requests=[request],
        topics=[TopicFactory(code="T02", name="Dilemmas", limits="No legal advice.")],
        host=HostFactory(ref="H1", name="Joe Example", title="Visit host"),
        address="Sample Hall 1",
        local_contact_name="Marieke Sample-Eik",
    )
    for order, (minutes, title) in enumerate([(15, "Welcome"), (30, "Break"), (135, "Talk")], 1):
        AgendaItem.objects.create(visit=visit, order=order, minutes=minutes, title=title)
    ChecklistItem.objects.create(visit=visit, text="Projector", owner="theirs", note="NOTE")
    return visit


@pytest.fixture
def secrets(ghent):
    """`ghent` with a marker in every internal text field of every row around it."""
    visit = ghent
    expert = ExpertFactory(name="Eva Example", title="Partner expert")
    visit.experts.add(expert)
    leg = TravelLeg.objects.create(
        host=visit.host,
        visit=visit,
        mode=TravelMode.RAIL,
        origin=visit.host.home,
        destination=visit.place,
        departs_at=visit.starts_at - timedelta(hours=8),
        arrives_at=visit.starts_at - timedelta(hours=2),
        cost=734,
    )
    report = VisitReport.objects.create(visit=visit, summary="A good talk.")
    organisation = visit.municipality.organisation
    rows = [
        visit,
        visit.requests.get(),
        visit.municipality,
        organisation,
        visit.topics.get(),
        visit.host,
        expert,
        visit.campaign,
        report,
        leg,
        visit.checklist.get(),
        *visit.agenda.all(),
    ]
    markers = [marker for row in rows for marker in plant(row, open_fields=open_fields(row))]
    visit.messages.add(
        Message.objects.create(
            direction="in", status="received", subject="SECRETsubject", body="SECRETbody", at=CLOCK
        )
    )
    Interaction.objects.create(organisation=organisation, at=CLOCK, text="SECRETtalk")
    Expense.objects.create(visit=visit, amount=99, what="SECRETexpense", spent_on=CLOCK.date())
    Municipality.objects.filter(pk=visit.municipality_id).update(embargo_until=date(2023, 3, 31))
    visit = Visit.objects.get(pk=visit.pk)
    asked = visit.requests.get()
    planned = {asked.questions[0]: {"answer": "SECRETanswer", "owner": "SECRETowner"}}
    type(asked).objects.filter(pk=asked.pk).update(planned_answers=planned)
    return visit, [*markers, "SECRET", "734", "31 Mar", "NOTE"]
