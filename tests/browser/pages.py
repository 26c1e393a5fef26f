"""Every page of the site with an example address; read by test_every_page.py.

A new page needs a line here, or the test turns red. Words in braces are filled in from the rows
that world.py makes. Where nobody is named, one of those who may by the access matrix opens it.
"""

from typing import NamedTuple

from django.conf import settings


class Look(NamedTuple):
    """A page as `who` sees it: a role, a stranger, or the reference of a private link."""

    path: str
    who: str = ""


def by(who: str, path: str) -> Look:
    """The page as this role sees it."""
    return Look(path, who)


def behind(ref: str, path: str) -> Look:
    """The municipality's page, opened by the private link of this request."""
    return Look(f"/en/visit/{path}", f"link {ref}")


EXAMPLES: dict[str, list[str | Look]] = {
    "visits:today": [
        "/",
        by("host", "/"),
        by("expert", "/"),
    ],
    "visits:my-week": [
        by("host", "/my-week/"),
        by("host", "/my-week/?week=2023-W30"),
        by("coordinator", "/my-week/?host=H1&week=2023-W08"),
    ],
    "visits:components": ["/settings/components/"],
    "visits:plan": ["/plan/", by("host", "/plan/")],
    "visits:plan-replan": ["/plan/replan/"],
    "visits:plan-version": ["/plan/v1/", "/plan/v2/", "/plan/v{draft_plan}/"],
    "visits:plan-compare": ["/plan/compare/", "/plan/compare/?left=1&right=2"],
    "visits:plan-move": ["/plan/v{draft_plan}/move/", "/plan/v{draft_plan}/move/?request=R24"],
    "visits:plan-decide": ["/plan/decide/pin/", "/plan/decide/forbid/", "/plan/decide/lock/"],
    "visits:plan-fill": ["/plan/fill/", "/plan/fill/?{way}"],
    "visits:visit-list": ["/visits/", by("host", "/visits/")],
    "visits:visit-detail": [
        "/visits/V08/",
        "/visits/V03/",
        "/visits/V01/?tab=report",
        "/visits/V09/?tab=people",
        "/visits/V08/?tab=checklist",
        "/visits/V08/?tab=travel",
        "/visits/V08/?tab=mail",
        "/visits/V08/?tab=brief",
        by("host", "/visits/V09/"),
        by("expert", "/visits/V08/?tab=people"),
    ],
    "visits:visit-edit": ["/visits/V09/edit/"],
    "visits:brief-page": [
        "/visits/V08/brief/internal/?language=nb",
        "/visits/V09/brief/public/?language=pl",
    ],
    "visits:brief-changes": ["/visits/V07/brief/changes/{edition}/"],
    "visits:visit-postpone": ["/visits/V09/move/"],
    "visits:visit-free": ["/visits/V09/free/"],
    "visits:visit-programme": ["/visits/V08/programme/", by("host", "/visits/V09/programme/")],
    "visits:visit-assign": ["/visits/V08/assign/"],
    "visits:visit-prepare": ["/visits/V09/prepare/"],
    "visits:checklist-new": ["/visits/V08/checklist/new/"],
    "visits:checklist-edit": ["/visits/V08/checklist/{checklist_item}/edit/"],
    "visits:visit-promise": ["/visits/V05/promise/"],
    "visits:visit-step": ["/visits/V09/step/cancel/"],
    "visits:request-list": [
        "/requests/",
        "/requests/?q=nothing-like-it",
        by("expert", "/requests/"),
    ],
    "visits:request-new": ["/requests/new/", "/requests/new/?person={person}"],
    "visits:request-detail": [
        "/requests/R24/",
        "/requests/R04/",
        "/requests/R01/",
        by("host", "/requests/R15/"),
    ],
    "visits:request-refer": ["/requests/R12/refer/"],
    "visits:request-merge": ["/requests/R12/merge/"],
    "visits:request-step": ["/requests/R12/step/decline/", "/requests/R12/step/waitlist/"],
    "visits:request-answer": ["/requests/R12/answer/"],
    "visits:request-draft": ["/requests/R24/draft/{draft}/"],
    "visits:request-propose": ["/requests/R12/propose/", "/requests/R24/propose/?mode=online"],
    "visits:request-why": ["/requests/R12/why/", "/requests/R04/why/"],
    "visits:search": ["/search/?q=gent", "/search/"],
    "visits:person-list": ["/people/", "/people/?q=nothing-like-it"],
    "visits:person-new": ["/people/new/"],
    "visits:person-detail": ["/people/{person}/"],
    "visits:person-edit": ["/people/{person}/edit/"],
    "visits:person-erase": ["/people/{person}/erase/"],
    "visits:person-note": ["/people/{person}/note/"],
    "visits:person-promise": ["/people/{person}/promise/"],
    "visits:organisation-list": ["/organisations/"],
    "visits:organisation-new": ["/organisations/new/"],
    "visits:organisation-detail": ["/organisations/{city}/", "/organisations/{organisation}/"],
    "visits:organisation-edit": ["/organisations/{organisation}/edit/"],
    "visits:city-edit": ["/organisations/{city}/city/"],
    "visits:organisation-note": ["/organisations/{city}/note/"],
    "visits:organisation-promise": ["/organisations/{city}/promise/"],
    "visits:event-list": ["/events/"],
    "visits:event-new": ["/events/new/"],
    "visits:event-edit": ["/events/rotterdam-2023/edit/"],
    "visits:event-detail": ["/events/rotterdam-2023/"],
    "visits:follow-up-list": ["/follow-ups/"],
    "visits:mail-list": ["/mail/"],
    "visits:mail-detail": ["/mail/{mail}/"],
    "visits:figure-list": ["/figures/"],
    "visits:figure-detail": [f"/figures/K{number}/" for number in range(1, 13)],
    "visits:settings": ["/settings/", by("host", "/settings/"), by("administrator", "/settings/")],
    "visits:user-list": ["/settings/users/"],
    "visits:user-new": ["/settings/users/new/"],
    "visits:user-edit": ["/settings/users/{user}/"],
    "visits:host-list": ["/settings/hosts/"],
    "visits:host-detail": ["/settings/hosts/H1/"],
    "visits:host-new": ["/settings/hosts/new/"],
    "visits:host-edit": ["/settings/hosts/H1/edit/"],
    "visits:campaign-list": ["/settings/campaigns/"],
    "visits:campaign-new": ["/settings/campaigns/new/"],
    "visits:campaign-edit": ["/settings/campaign/"],
    "visits:campaign-edit-one": ["/settings/campaign/february-2023/"],
    "visits:topic-list": ["/settings/topics/"],
    "visits:topic-new": ["/settings/topics/new/"],
    "visits:topic-edit": ["/settings/topics/{topic}/"],
    "visits:calendar-day-list": ["/settings/calendar/"],
    "visits:calendar-day-new": ["/settings/calendar/new/"],
    "visits:calendar-day-edit": ["/settings/calendar/{day}/"],
    "visits:disruption-list": ["/settings/disruptions/"],
    "visits:disruption-new": ["/settings/disruptions/new/"],
    "visits:disruption-edit": ["/settings/disruptions/{disruption}/"],
    "visits:journey-list": ["/settings/journeys/"],
    "visits:journey-new": ["/settings/journeys/new/"],
    "visits:journey-edit": ["/settings/journeys/{journey}/"],
    "visits:factor-list": ["/settings/travel-factors/"],
    "visits:factor-edit": ["/settings/travel-factors/fly_check_in/"],
    "visits:audit-list": ["/settings/audit/"],
    "visits:token-list": ["/settings/tokens/"],
    "visits:clock": ["/settings/clock/"],
    "visits:health": ["/settings/health/"],
    "visits:sample": ["/settings/sample/"],
    "public:form": [f"/{code}/visit/" for code, _name in settings.LANGUAGES],
    "public:sent": ["/en/visit/sent/"],
    "public:offer": ["/en/visit/offer/"],
    "public:link": ["/en/visit/r/no-such-link/"],
    "public:mine": [
        *(
            behind(ref, "mine/")
            for ref in (
                "pending R24 R20 R12 R04 R11 R15 R22 R01 R05 R07 R19 R13 R21 R09 N01 N02".split()
            )
        ),
        by("stranger", "/en/visit/mine/"),
    ],
    "public:other-dates": [behind("R04", "mine/other-dates/")],
    "public:withdraw": [behind("R24", "mine/withdraw/"), behind("R15", "mine/withdraw/")],
    "public:programme-page": [behind("R15", "mine/programme/")],
    "public:correct": [behind("R24", "mine/correct/")],
    "public:hand-over": [behind("R24", "mine/colleague/")],
    "public:own-data": [behind("R15", "mine/data/")],
    "account_login": ["/accounts/login/"],
    "account_signup": ["/accounts/signup/"],
    "account_inactive": ["/accounts/inactive/"],
    "account_reset_password": ["/accounts/password/reset/"],
    "account_reset_password_done": ["/accounts/password/reset/done/"],
    "account_reset_password_from_key": ["/accounts/password/reset/key/{uid}-{key}/"],
    "account_reset_password_from_key_done": ["/accounts/password/reset/key/done/"],
    "account_email_verification_sent": ["/accounts/confirm-email/"],
    "account_confirm_email": ["/accounts/confirm-email/no-such-key/"],
    "account_logout": [by("newcomer", "/accounts/logout/")],
    "account_email": [by("newcomer", "/accounts/email/")],
    "account_change_password": [by("newcomer", "/accounts/password/change/")],
    "account_reauthenticate": [by("newcomer", "/accounts/reauthenticate/")],
    "mfa_authenticate": [by("half", "/accounts/2fa/authenticate/")],
    "mfa_index": [by("newcomer", "/accounts/2fa/")],
    "mfa_reauthenticate": [by("second", "/accounts/2fa/reauthenticate/")],
    "mfa_activate_totp": [by("newcomer", "/accounts/2fa/totp/activate/")],
    "mfa_deactivate_totp": [by("second", "/accounts/2fa/totp/deactivate/")],
    "mfa_view_recovery_codes": [by("second", "/accounts/2fa/recovery-codes/")],
    "mfa_generate_recovery_codes": [by("second", "/accounts/2fa/recovery-codes/generate/")],
    "mfa_list_webauthn": [by("second", "/accounts/2fa/webauthn/")],
    "mfa_add_webauthn": [by("newcomer", "/accounts/2fa/webauthn/add/")],
    "usersessions_list": [by("newcomer", "/accounts/sessions/")],
}

# What answers a GET but is no page of its own, and why.
NOT_PAGES = {
    "healthz": "a line for a watchdog",
    "readyz": "a line for a watchdog",
    "visits:calendar-feed": "a calendar file",
    "visits:visit-ics": "a calendar file",
    "visits:mail-calendar": "a calendar file",
    "visits:brief-pdf": "a PDF",
    "visits:brief-changes-pdf": "a PDF",
    "visits:host-pack": "a PDF",
    "visits:request-export": "a table to save",
    "visits:person-export": "a file to hand out",
    "visits:plan-run-status": "a piece of the Plan page",
    "visits:plan-replan-status": "a piece of the page that plans anew",
    "visits:plan-news": "a piece of a version's page",
    "visits:plan-verdicts": "an answer for the module that drags visits",
    "visits:mail-preview": "a letter, shown inside the mail's page",
    "public:places": "a piece of the form",
    "public:days": "a piece of the form",
    "public:own-data-file": "a file to save",
    "public:calendar-file": "a calendar file",
    "public:programme": "a PDF",
    "public:verify": "only posted",
    "public:accept": "only posted",
    "public:agree": "only posted",
    "public:meeting-place": "only posted",
    "public:undo": "only posted",
    "public:checklist": "only posted",
    "public:consents": "only posted",
    "public:leave": "only posted",
    "account_set_password": "leads on: every account has a password",
    "account_confirm_login_code": "leads on: no codes are mailed",
    "mfa_reauthenticate_webauthn": "leads on: needs a key in the hand",
    "mfa_download_recovery_codes": "a file to save",
    "mfa_remove_webauthn": "needs a key in the hand",
    "mfa_edit_webauthn": "needs a key in the hand",
}
