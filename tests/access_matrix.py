"""Who may call which route: one row per route, read by test_access_matrix.py.

A new route needs a row here, or the test turns red. In a row, `get` and `post` name who may call
the route that way; `None` says that there is no such method. Everybody else who is signed in is
refused (403), a stranger is sent to the sign-in. `strangers_404` are those who hold the right role
but may not know of this row: the world of the test gives its visit to `host`, never to
`other_host`. The rows of the API use the same words.
"""

from dataclasses import dataclass

Cast = frozenset[str]

COORDINATOR: Cast = frozenset({"coordinator"})
ADMINISTRATOR: Cast = frozenset({"administrator"})
OFFICE = COORDINATOR | ADMINISTRATOR
HOSTS: Cast = frozenset({"host", "other_host"})
FIELD = COORDINATOR | HOSTS
STAFF = FIELD | {"expert"}
FIGURES = COORDINATOR | {"reporter"}
EVERYBODY = STAFF | {"reporter", "administrator"}
NOBODY: Cast = frozenset()
OTHER: Cast = frozenset({"other_host"})


@dataclass(frozen=True)
class Row:
    """Who may GET, who may POST; None where the route has no such method."""

    get: Cast | None = None
    post: Cast | None = None
    strangers_404: Cast = NOBODY


def page(readers: Cast, strangers_404: Cast = NOBODY) -> Row:
    """A page to read."""
    return Row(get=readers, strangers_404=strangers_404)


def form(writers: Cast, strangers_404: Cast = NOBODY) -> Row:
    """A page with a form that comes back to itself."""
    return Row(get=writers, post=writers, strangers_404=strangers_404)


def button(writers: Cast, strangers_404: Cast = NOBODY) -> Row:
    """A step that is only posted."""
    return Row(post=writers, strangers_404=strangers_404)


def readable(readers: Cast, strangers_404: Cast = NOBODY) -> Row:
    """One row of the API; edits are PATCH and have tests of their own."""
    return Row(get=readers, strangers_404=strangers_404)


PAGES = {
    "visits:today": page(EVERYBODY),
    "visits:my-week": page(FIELD),
    "visits:feed-renew": button(HOSTS),
    "visits:components": form(EVERYBODY),
    # Plan
    "visits:plan": page(FIELD),
    "visits:plan-fill": page(COORDINATOR),
    "visits:plan-start": button(COORDINATOR),
    "visits:plan-run-status": page(FIELD),
    "visits:plan-stop": button(COORDINATOR),
    "visits:plan-replan": form(COORDINATOR),
    "visits:plan-replan-status": page(COORDINATOR),
    "visits:plan-version": page(FIELD),
    "visits:plan-publish": button(COORDINATOR),
    "visits:plan-compare": page(FIELD),
    "visits:plan-bring-back": button(COORDINATOR),
    "visits:plan-move": form(COORDINATOR),
    "visits:plan-verdicts": page(COORDINATOR),
    "visits:plan-news": page(FIELD),
    "visits:plan-edit-undo": button(COORDINATOR),
    "visits:plan-decide": form(COORDINATOR),
    "visits:plan-decision-take-back": button(COORDINATOR),
    "visits:plan-decision-renew": button(COORDINATOR),
    # Visits
    "visits:visit-list": page(STAFF),
    "visits:visit-detail": page(STAFF, OTHER),
    "visits:visit-edit": form(COORDINATOR),
    "visits:visit-ics": page(STAFF, OTHER),
    "visits:visit-confirm": button(COORDINATOR),
    "visits:visit-postpone": form(COORDINATOR),
    "visits:visit-complete": button(FIELD, OTHER),
    "visits:cannot-travel": form(FIELD),
    "visits:visit-answer": form(FIELD, OTHER),
    "visits:visit-note": form(FIELD, OTHER),
    "visits:note-sender": page(FIELD),
    "visits:visit-after": form(FIELD, OTHER),
    "visits:expense-new": form(FIELD, OTHER),
    "visits:expense-edit": form(FIELD, OTHER),
    "visits:expense-remove": button(FIELD, OTHER),
    "visits:expense-restore": button(FIELD, OTHER),
    "visits:visit-report": button(FIELD, OTHER),
    "visits:visit-accept-correction": button(FIELD, OTHER),
    "visits:visit-close": button(COORDINATOR),
    "visits:visit-promise": form(FIELD, OTHER),
    "visits:visit-tick": button(COORDINATOR),
    "visits:visit-programme": form(FIELD, OTHER),
    "visits:visit-programme-undo": button(FIELD, OTHER),
    "visits:visit-assign": form(COORDINATOR),
    "visits:visit-prepare": form(FIELD, OTHER),
    "visits:checklist-new": form(FIELD, OTHER),
    "visits:checklist-edit": form(FIELD, OTHER),
    "visits:visit-step": form(COORDINATOR),
    "visits:visit-undo": button(COORDINATOR),
    "visits:visit-free": form(COORDINATOR),
    "visits:brief-pdf": page(STAFF, OTHER),
    "visits:brief-page": page(STAFF, OTHER),
    "visits:brief-changes": page(STAFF, OTHER),
    "visits:brief-changes-pdf": page(STAFF, OTHER),
    "visits:brief-build": button(FIELD, OTHER),
    "visits:brief-send": button(COORDINATOR),
    "visits:host-pack": page(FIELD, OTHER),
    "visits:pack-list": form(FIELD),
    "visits:pack-status": page(FIELD),
    "visits:pack-sheet": button(FIELD, OTHER),
    "visits:pack-stop": button(FIELD, OTHER),
    "visits:pack-file": page(FIELD, OTHER),
    # Requests
    "visits:request-list": page(STAFF),
    "visits:request-export": page(COORDINATOR),
    "visits:request-new": form(COORDINATOR),
    "visits:request-detail": page(STAFF, OTHER),
    "visits:request-review": button(COORDINATOR),
    "visits:request-triage": button(COORDINATOR),
    "visits:request-take-over": button(COORDINATOR),
    "visits:request-take-over-contact": button(COORDINATOR),
    "visits:request-link": button(COORDINATOR),
    "visits:request-unlink": button(COORDINATOR),
    "visits:request-refer": form(COORDINATOR),
    "visits:request-merge": form(COORDINATOR),
    "visits:request-step": form(COORDINATOR),
    "visits:request-answer": form(COORDINATOR),
    "visits:request-draft": form(COORDINATOR),
    "visits:request-draft-drop": button(COORDINATOR),
    "visits:request-propose": form(COORDINATOR),
    "visits:request-why": page(COORDINATOR),
    "visits:request-take-back": button(COORDINATOR),
    # People, organisations, events
    "visits:search": page(STAFF),
    "visits:person-list": page(COORDINATOR),
    "visits:person-new": form(COORDINATOR),
    "visits:person-twin": page(COORDINATOR),
    "visits:person-merge": form(COORDINATOR),
    "visits:person-unmerge": form(COORDINATOR),
    "visits:duplicate-list": page(COORDINATOR),
    "visits:duplicate-status": page(COORDINATOR),
    "visits:duplicate-scan": button(COORDINATOR),
    "visits:duplicate-apart": button(COORDINATOR),
    "visits:duplicate-ask-again": button(COORDINATOR),
    "visits:person-bulk": button(COORDINATOR),
    "visits:person-bulk-restore": button(COORDINATOR),
    "visits:person-detail": page(COORDINATOR),
    "visits:person-edit": form(COORDINATOR),
    "visits:person-archive": button(COORDINATOR),
    "visits:person-restore": button(COORDINATOR),
    "visits:person-export": page(COORDINATOR),
    "visits:person-erase": form(COORDINATOR),
    "visits:person-note": form(COORDINATOR),
    "visits:person-promise": form(COORDINATOR),
    "visits:contact-point-new": button(COORDINATOR),
    "visits:contact-point-change": button(COORDINATOR),
    "visits:organisation-list": page(STAFF),
    "visits:organisation-new": form(COORDINATOR),
    "visits:organisation-detail": page(STAFF),
    "visits:organisation-edit": form(COORDINATOR),
    "visits:city-edit": form(COORDINATOR),
    "visits:organisation-archive": button(COORDINATOR),
    "visits:organisation-restore": button(COORDINATOR),
    "visits:organisation-note": form(COORDINATOR),
    "visits:organisation-promise": form(COORDINATOR),
    "visits:event-list": page(FIELD),
    "visits:event-new": form(COORDINATOR),
    "visits:event-edit": form(COORDINATOR),
    "visits:event-detail": page(FIELD),
    "visits:participation-new": button(COORDINATOR),
    "visits:attendance-bulk": button(COORDINATOR),
    "visits:attendance": button(COORDINATOR),
    "visits:follow-up-list": page(FIELD),
    "visits:follow-up-new": button(COORDINATOR),
    "visits:follow-up-bulk": button(FIELD),
    "visits:follow-up-bulk-reopen": button(FIELD),
    "visits:follow-up-complete": button(FIELD, OTHER),
    "visits:follow-up-reopen": button(FIELD, OTHER),
    "visits:follow-up-reschedule": button(FIELD, OTHER),
    # Mail
    "visits:mail-list": page(COORDINATOR),
    "visits:mail-bulk": button(COORDINATOR),
    "visits:mail-detail": page(COORDINATOR),
    "visits:mail-preview": page(COORDINATOR),
    "visits:mail-calendar": page(COORDINATOR),
    "visits:mail-step": button(COORDINATOR),
    # Figures
    "visits:figure-list": page(FIGURES),
    "visits:figure-detail": page(FIGURES),
    # Settings
    "visits:settings": page(EVERYBODY),
    "visits:user-list": page(ADMINISTRATOR),
    "visits:user-new": form(ADMINISTRATOR),
    "visits:user-edit": form(ADMINISTRATOR),
    "visits:user-password": button(ADMINISTRATOR),
    "visits:host-list": page(OFFICE | HOSTS),
    "visits:host-detail": page(OFFICE | HOSTS, OTHER),
    "visits:busy-feed-new": button(FIELD, OTHER),
    "visits:busy-feed-read": button(FIELD, OTHER),
    "visits:busy-feed-remove": button(FIELD, OTHER),
    "visits:host-new": form(OFFICE),
    "visits:host-edit": form(OFFICE),
    "visits:availability-new": button(FIELD, OTHER),
    "visits:availability-remove": button(FIELD, OTHER),
    "visits:campaign-list": page(OFFICE),
    "visits:campaign-new": form(OFFICE),
    "visits:campaign-choose": button(EVERYBODY),
    "visits:campaign-edit": form(OFFICE),
    "visits:campaign-edit-one": form(OFFICE),
    "visits:topic-list": page(OFFICE),
    "visits:topic-new": form(OFFICE),
    "visits:topic-edit": form(OFFICE),
    "visits:topic-remove": button(OFFICE),
    "visits:calendar-day-list": page(OFFICE),
    "visits:calendar-day-new": form(OFFICE),
    "visits:calendar-day-edit": form(OFFICE),
    "visits:calendar-day-remove": button(OFFICE),
    "visits:disruption-list": page(OFFICE),
    "visits:disruption-new": form(OFFICE),
    "visits:disruption-edit": form(OFFICE),
    "visits:journey-list": page(OFFICE),
    "visits:journey-new": form(OFFICE),
    "visits:journey-edit": form(OFFICE),
    "visits:journey-remove": button(OFFICE),
    "visits:journey-restore": button(OFFICE),
    "visits:factor-list": page(OFFICE),
    "visits:factor-edit": form(OFFICE),
    "visits:factor-reset": button(OFFICE),
    "visits:audit-list": page(OFFICE),
    "visits:token-list": page(EVERYBODY),
    "visits:token-new": button(EVERYBODY),
    "visits:token-revoke": button(EVERYBODY, EVERYBODY - COORDINATOR),
    "visits:clock": form(OFFICE),
    "visits:health": page(OFFICE),
    "visits:sample": form(OFFICE),
}

API = {
    "api:schema": page(EVERYBODY),
    "api:docs": page(EVERYBODY),
    "api:organisations-list": Row(STAFF, COORDINATOR),
    "api:organisations-detail": readable(STAFF),
    "api:organisations-archive": button(COORDINATOR),
    "api:organisations-restore": button(COORDINATOR),
    "api:municipalities-list": page(STAFF),
    "api:municipalities-detail": readable(STAFF),
    "api:people-list": form(COORDINATOR),
    "api:people-detail": readable(COORDINATOR),
    "api:people-archive": button(COORDINATOR),
    "api:people-restore": button(COORDINATOR),
    "api:people-merge": button(COORDINATOR),
    "api:lookalikes-list": page(COORDINATOR),
    "api:lookalikes-detail": readable(COORDINATOR),
    "api:lookalikes-apart": button(COORDINATOR),
    "api:lookalikes-ask-again": button(COORDINATOR),
    "api:merges-list": page(COORDINATOR),
    "api:merges-detail": readable(COORDINATOR),
    "api:merges-undo": button(COORDINATOR),
    "api:events-list": page(FIELD),
    "api:events-detail": readable(FIELD),
    "api:sessions-list": page(FIELD),
    "api:sessions-detail": readable(FIELD),
    "api:participations-list": form(COORDINATOR),
    "api:participations-detail": readable(COORDINATOR),
    "api:participations-attendance": button(COORDINATOR),
    "api:interactions-list": form(FIELD),
    "api:interactions-detail": readable(FIELD, HOSTS),
    "api:messages-list": page(COORDINATOR),
    "api:messages-detail": readable(COORDINATOR),
    "api:follow-ups-list": form(FIELD),
    "api:follow-ups-detail": readable(FIELD, OTHER),
    "api:follow-ups-complete": button(FIELD, OTHER),
    "api:follow-ups-reopen": button(FIELD, OTHER),
    "api:consents-list": page(COORDINATOR),
    "api:consents-detail": readable(COORDINATOR),
    "api:tokens-list": form(EVERYBODY),
    "api:tokens-detail": readable(EVERYBODY, EVERYBODY - COORDINATOR),
    "api:campaigns-list": page(EVERYBODY),
    "api:campaigns-detail": readable(EVERYBODY),
    "api:requests-list": Row(STAFF, COORDINATOR),
    "api:requests-detail": readable(STAFF, OTHER),
    "api:requests-decline": button(COORDINATOR),
    "api:requests-link-person": button(COORDINATOR),
    "api:requests-merge": button(COORDINATOR),
    "api:requests-needs-info": button(COORDINATOR),
    "api:requests-propose": button(COORDINATOR),
    "api:requests-refer": button(COORDINATOR),
    "api:requests-reject": button(COORDINATOR),
    "api:requests-reopen": button(COORDINATOR),
    "api:requests-review": button(COORDINATOR),
    "api:requests-take-over": button(COORDINATOR),
    "api:requests-take-over-contact": button(COORDINATOR),
    "api:requests-triage": button(COORDINATOR),
    "api:requests-unlink-person": button(COORDINATOR),
    "api:requests-waitlist": button(COORDINATOR),
    "api:requests-withdraw": button(COORDINATOR),
    "api:visits-list": page(STAFF),
    "api:visits-detail": readable(STAFF, OTHER),
    "api:visits-cancel": button(COORDINATOR),
    "api:visits-close": button(COORDINATOR),
    "api:visits-complete": button(FIELD, OTHER),
    "api:visits-confirm": button(COORDINATOR),
    "api:visits-no-show": button(COORDINATOR),
    "api:visits-postpone": button(COORDINATOR),
    "api:visits-report": button(FIELD, OTHER),
    "api:visits-accept": button(FIELD, OTHER),
    "api:visits-refuse": button(FIELD, OTHER),
    "api:visits-accept-correction": button(FIELD, OTHER),
    "api:visits-programme": button(FIELD, OTHER),
    "api:visits-planned-answers": button(FIELD, OTHER),
    "api:visits-checklist": button(FIELD, OTHER),
    "api:visits-assign": button(COORDINATOR),
    "api:visits-tick": button(COORDINATOR),
    "api:reports-list": page(FIELD),
    "api:reports-detail": readable(FIELD, OTHER),
    "api:expenses-list": form(FIELD),
    "api:expenses-detail": readable(FIELD, OTHER),
    "api:packs-list": form(FIELD),
    "api:packs-detail": readable(FIELD, OTHER),
    "api:packs-stop": button(FIELD, OTHER),
    "api:packs-pdf": page(FIELD, OTHER),
    "api:briefs-list": Row(STAFF, FIELD),
    "api:briefs-detail": readable(STAFF, OTHER),
    "api:briefs-pdf": page(STAFF, OTHER),
    "api:hosts-list": page(OFFICE | STAFF),
    "api:hosts-detail": readable(OFFICE | STAFF, OTHER | {"expert"}),
    "api:availability-list": form(FIELD),
    "api:availability-detail": readable(FIELD, OTHER),
    "api:calendar-days-list": Row(FIELD, COORDINATOR),
    "api:calendar-days-detail": readable(FIELD),
    "api:disruptions-list": Row(FIELD, COORDINATOR),
    "api:disruptions-detail": readable(FIELD),
    "api:plans-list": page(FIELD),
    "api:plans-detail": readable(FIELD),
    "api:plans-publish": button(COORDINATOR),
    "api:figures-list": page(FIGURES),
    "api:figures-detail": page(FIGURES),
}

MATRIX = PAGES | API

# What a stranger may open without signing in, and nothing else. The municipality's pages ask for
# a private link themselves (their tests are in tests/visits/public/); feeds carry a token.
ANONYMOUS = {
    "healthz",
    "readyz",
    "visits:calendar-feed",
    "visits:service-worker",
    "account_login",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "account_email_verification_sent",
    "mfa_authenticate",
    "account_confirm_login_code",
}

# Groups of routes that come from a library; one row for all of them. "public" is open to
# strangers, "signed in" to whoever has signed in, "superuser" to none of the cast.
GROUPS = {
    "public:": "public",
    "account_": "signed in",
    "mfa_": "signed in",
    "usersessions_": "signed in",
    "admin:": "superuser",
}
