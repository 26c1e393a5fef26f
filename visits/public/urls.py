"""The pages a municipality sees, in the language of the address; nobody signs in here."""

from django.conf import settings
from django.urls import path, register_converter

from visits.public.views import answers, data, files, form, link, report, status, stop


class CompleteLanguage:
    """A language whose catalogue is complete."""

    regex = "|".join(settings.COMPLETE_LANGUAGES)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CompleteLanguage, "language")

app_name = "public"
urlpatterns = [
    path("", form.request_form, name="form"),
    path("sent/", form.sent, name="sent"),
    path("offer/", form.offer, name="offer"),
    path("places/", form.place_suggestions, name="places"),
    path("days/", form.date_notes, name="days"),
    path("r/<str:token>/", link.open_link, name="link"),
    path("stop/<str:token>/", stop.stop, name="stop"),
    path("mine/", status.mine, name="mine"),
    path("mine/verify/", link.verify, name="verify"),
    path("mine/accept/", answers.accept, name="accept"),
    path("mine/agree/", answers.agree, name="agree"),
    path("mine/other-dates/", answers.other_dates, name="other-dates"),
    path("mine/another-date/", answers.another_date, name="another-date"),
    path("mine/another-date/take-back/", answers.date_stays, name="date-stays"),
    path("mine/place/", answers.meeting_place, name="meeting-place"),
    path("mine/withdraw/", answers.withdraw, name="withdraw"),
    path("mine/undo/", answers.undo, name="undo"),
    path("mine/checklist/", answers.checklist, name="checklist"),
    path("mine/report/", report.check_report, name="check-report"),
    path("mine/correct/", data.correct, name="correct"),
    path("mine/colleague/", data.hand_over, name="hand-over"),
    path("mine/data/", data.own_data, name="own-data"),
    path("mine/consents/", data.take_back, name="consents"),
    path("mine/data.json", data.own_data_file, name="own-data-file"),
    path("mine/visit.ics", files.calendar_file, name="calendar-file"),
    path("mine/programme.pdf", files.programme, name="programme"),
    path("mine/programme/", files.programme_page, name="programme-page"),
    path("mine/leave/", link.leave, name="leave"),
]
