"""The host's form on the phone: who came, three lines, promises and photos, all at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.domain.reference import load_consent_texts, load_mail_templates
from crm.models import ClockSetting, ConsentRecord, FollowUp, Message
from tests.factories.crm import CLOCK, UserFactory
from tests.factories.visits import HostFactory, VisitFactory, VisitRequestFactory
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.models import Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(client):
    """The host H1, signed in, an hour after the visit V01 of two requests."""
    ClockSetting.objects.fix(CLOCK)
    load_mail_templates()
    load_consent_texts()
    host = HostFactory(ref="H1", user=UserFactory(roles=["host"]))
    asked = VisitRequestFactory(state="scheduled", requester_name="Robin Example")
    VisitFactory(
        ref="V01",
        host=host,
        requests=[asked],
        state="confirmed",
        starts_at=CLOCK - timedelta(hours=4),
        ends_at=CLOCK - timedelta(hours=1),
        reserved=True,
    )
    client.force_login(host.user)
    return client


def told(**changes):
    return {
        "count_policy_makers": "6",
        "count_other": "2",
        "summary": "We spoke about the pilots.",
        "notes": "They want less technology.",
        "outcome": "interested",
        "evidence": "They ask for a second talk.",
        "promise_1": "Send the slides",
        "due_1": "2023-02-20",
        "owner_1": "ours",
    } | changes


def visit():
    return Visit.objects.get(ref="V01")


def test_everything_is_kept_at_once(phone):
    address = visit().requests.get().address
    answer = do(phone, "visit-after", "V01", **told(photos=address, other_1="kim@city.example"))
    assert said(answer) == ["Kept. The city is asked to check your words."]
    report = visit().report
    assert visit().state == "reported"
    assert {row.audience: row.people for row in report.counts.all()} == {
        "policy_makers": 6,
        "other": 2,
    }
    assert (report.summary, report.notes) == (
        "We spoke about the pilots.",
        "They want less technology.",
    )
    assert (report.outcome, report.evidence) == ("interested", "They ask for a second talk.")
    promise = visit().follow_ups.get()
    assert (promise.text, str(promise.due_on), promise.owner) == (
        "Send the slides",
        "2023-02-20",
        "ours",
    )
    photos = ConsentRecord.objects.filter(purpose="photo")
    assert set(photos.values_list("address", flat=True)) == {address, "kim@city.example"}
    assert {(row.status, row.text.version, row.channel) for row in photos} == {
        ("granted", 1, "visit")
    }
    assert Message.objects.drafts().filter(template__key="report_for_check").count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"count_policy_makers": "many"},
        {"count_policy_makers": "-1"},
        {"count_policy_makers": "0", "count_other": ""},
        {"evidence": " "},
        {"outcome": "love"},
        {"due_1": ""},
        {"due_1": "soon"},
        {"due_1": "0001-01-01"},
        {"promise_1": ""},
        {"owner_1": "nobody"},
        {"photos": "stranger@example.org"},
        {"other_1": "not an address"},
        {"summary": "x" * 4_001},
    ],
)
def test_one_wrong_answer_keeps_nothing_but_what_was_typed(phone, fields):
    answer = do(phone, "visit-after", "V01", **told(**fields))
    assert (answer.status_code, len(refused(answer))) == (422, 1)
    assert "They want less technology." in answer.text
    assert visit().state == "confirmed"
    assert not FollowUp.objects.exists()
    assert not ConsentRecord.objects.filter(purpose="photo").exists()


def test_telling_twice_puts_right_and_promises_once(phone):
    do(phone, "visit-after", "V01", **told())
    page = go(phone, "visit-after", "V01")
    assert page.context["form"]["count_policy_makers"].value() == 6
    do(phone, "visit-after", "V01", **told(count_policy_makers="7"))
    assert {row.people for row in visit().report.counts.all()} == {7, 2}
    assert visit().follow_ups.count() == 1
    assert Message.objects.drafts().filter(template__key="report_for_check").count() == 1


def test_who_agreed_to_photos_is_not_asked_again(phone):
    address = visit().requests.get().address
    do(phone, "visit-after", "V01", **told(photos=address))
    assert "Agreed already: Robin Example" in go(phone, "visit-after", "V01").text
    do(phone, "visit-after", "V01", **told(other_1=address))
    assert ConsentRecord.objects.filter(purpose="photo").count() == 1


def test_nothing_is_told_before_the_visit_has_begun(phone):
    Visit.objects.update(starts_at=CLOCK + timedelta(hours=1), ends_at=CLOCK + timedelta(hours=2))
    (sentence,) = said(do(phone, "visit-after", "V01", **told()))
    assert sentence.startswith("V01 has not begun")
    assert visit().state == "confirmed"


def test_my_week_leads_to_the_form_until_somebody_has_told(phone):
    assert "/my-week/visits/V01/after/" in go(phone, "my-week").text
    do(phone, "visit-complete", "V01", other=3)
    assert "nobody has told how it went" in go(phone, "my-week").text
    do(phone, "visit-after", "V01", **told())
    assert "nobody has told how it went" not in go(phone, "my-week").text


def test_form_asks_the_database_as_often_for_three_requests_as_for_one(phone):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert go(phone, "visit-after", "V01").status_code == 200
        return len(found)

    queries()
    before = queries()
    visit().requests.add(*(VisitRequestFactory(address=f"r{n}@city.example") for n in range(2)))
    assert queries() == before
