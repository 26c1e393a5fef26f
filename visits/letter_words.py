"""What letters to a municipality are called at the desk, and in which state each makes sense."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from visits.states import RequestState

TITLES: dict[str, Promise] = {
    "request_ack": gettext_lazy("We have your request"),
    "needs_info": gettext_lazy("Ask for what is missing"),
    "needs_info_reminder": gettext_lazy("Remind them of what is missing"),
    "date_proposal": gettext_lazy("Dates to choose from"),
    "single_date_proposal": gettext_lazy("The one date we can offer"),
    "proposal_reminder": gettext_lazy("Remind them that dates are held"),
    "counter_date_received": gettext_lazy("We have your other date"),
    "confirmation": gettext_lazy("The visit is confirmed"),
    "public_brief": gettext_lazy("The programme of the visit"),
    "reminder_d3": gettext_lazy("The visit is near"),
    "date_changed": gettext_lazy("The visit has a new date"),
    "visit_changed": gettext_lazy("The visit changes"),
    "host_unavailable": gettext_lazy("Our host cannot come"),
    "disruption_to_online": gettext_lazy("Offer to meet online instead"),
    "cancelled": gettext_lazy("The visit does not take place"),
    "no_show_followup": gettext_lazy("We missed each other"),
    "waitlist": gettext_lazy("You are on the waiting list"),
    "outside_window": gettext_lazy("Your dates are outside our offer"),
    "declined": gettext_lazy("We cannot offer a visit"),
    "referral_secu4all": gettext_lazy("May we pass your request on?"),
    "referral_handover": gettext_lazy("Passed on as you agreed"),
    "two_departments": gettext_lazy("A second department of your city has asked too"),
    "duplicate_merged": gettext_lazy("Two requests were put together"),
    "late_request": gettext_lazy("The plan is made, but we try"),
    "visit_thanks": gettext_lazy("Thank you for the meeting"),
    "report_for_check": gettext_lazy("Please check our report"),
    "followup_reminder": gettext_lazy("What we promised each other"),
    "data_request_ack": gettext_lazy("We have your request about your data"),
    "newsletter_optin": gettext_lazy("Would you like our newsletter?"),
    "unsubscribed": gettext_lazy("You get no more newsletters"),
    "partner_expert_ask": gettext_lazy("Ask a partner for an expert"),
    "travel_approval": gettext_lazy("Ask for the journey to be approved"),
    "weekly_status": gettext_lazy("How the week went"),
}

# Letters to colleagues, speakers and readers of the newsletter: no answer to a request.
NO_ANSWERS = frozenset(
    {
        "event_thanks",
        "speaker_thanks",
        "newsletter_optin",
        "newsletter4_notice",
        "data_notice",
        "unsubscribed",
        "partner_expert_ask",
        "travel_approval",
        "weekly_status",
    }
)

_NEW = (
    "needs_info",
    "request_ack",
    "outside_window",
    "late_request",
    "waitlist",
    "declined",
    "two_departments",
    "referral_secu4all",
)
FITTING: dict[str, tuple[str, ...]] = {
    RequestState.RECEIVED: _NEW,
    RequestState.UNDER_REVIEW: (*_NEW, "counter_date_received"),
    RequestState.NEEDS_INFO: ("needs_info_reminder", "needs_info"),
    RequestState.PROPOSED: (
        "proposal_reminder",
        "date_proposal",
        "single_date_proposal",
        "no_show_followup",
    ),
    RequestState.SCHEDULED: (
        "confirmation",
        "reminder_d3",
        "public_brief",
        "date_changed",
        "visit_changed",
        "host_unavailable",
        "disruption_to_online",
    ),
    RequestState.FULFILLED: ("visit_thanks", "report_for_check", "followup_reminder"),
    RequestState.WAITLISTED: ("waitlist", "cancelled"),
    RequestState.DECLINED: ("declined", "outside_window"),
    RequestState.WITHDRAWN: ("cancelled",),
    RequestState.REFERRED: ("referral_handover",),
    RequestState.MERGED: ("duplicate_merged",),
}


def title_of(key: str) -> str:
    """What a letter is called; the words of its key when somebody added it."""
    return str(TITLES[key]) if key in TITLES else key.replace("_", " ").capitalize()
