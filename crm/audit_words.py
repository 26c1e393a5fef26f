"""What an audit entry says, in words: the verb, and the names of the fields it touched."""

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.marks import mark
from crm.models import AuditEntry

VERBS = {
    "add_person": gettext_lazy("added"),
    "edit_person": gettext_lazy("edited"),
    "archive_person": gettext_lazy("archived"),
    "restore_person": gettext_lazy("brought back from the archive"),
    "merge_person": gettext_lazy("merged"),
    "unmerge_person": gettext_lazy("taken apart again"),
    "not_the_same": gettext_lazy("said to be somebody else"),
    "perhaps_the_same": gettext_lazy("perhaps recorded twice after all"),
    "erase_person": gettext_lazy("identity removed"),
    "import_person": gettext_lazy("imported"),
    "undo_import_person": gettext_lazy("import undone"),
    "apply_import": gettext_lazy("file imported"),
    "undo_import": gettext_lazy("import undone"),
    "forget_import_rows": gettext_lazy("rows of an import forgotten"),
    "export_person": gettext_lazy("everything kept was handed out"),
    "record_consent": gettext_lazy("answer about consent written down"),
    "take_back_consent": gettext_lazy("answer about consent taken out again"),
    "tell_person": gettext_lazy("told that we have their data"),
    "take_back_told": gettext_lazy("still to be told after all"),
    "open_data_request": gettext_lazy("request about own data written down"),
    "answer_data_request": gettext_lazy("request about own data answered"),
    "reopen_data_request": gettext_lazy("request about own data opened again"),
    "change_retention": gettext_lazy("time of keeping changed"),
    "apply_retention": gettext_lazy("taken away when its time was over"),
    "export_large_list": gettext_lazy("large list exported"),
    "change_post": gettext_lazy("new post written down"),
    "edit_post": gettext_lazy("former post edited"),
    "remove_post": gettext_lazy("former post taken out"),
    "add_post": gettext_lazy("former post written down"),
    "snooze_follow_up": gettext_lazy("promise put off"),
    "send_digest": gettext_lazy("weekly digest sent"),
    "edit_own_account": gettext_lazy("own account edited"),
    "add_contact_point": gettext_lazy("address added"),
    "mark_contact_point": gettext_lazy("address marked"),
    "prefer_contact_point": gettext_lazy("address preferred"),
    "remove_contact_point": gettext_lazy("address removed"),
    "add_organisation": gettext_lazy("added"),
    "edit_organisation": gettext_lazy("edited"),
    "edit_municipality": gettext_lazy("city facts edited"),
    "archive_organisation": gettext_lazy("archived"),
    "restore_organisation": gettext_lazy("brought back from the archive"),
    "log_interaction": gettext_lazy("note written"),
    "take_back_interaction": gettext_lazy("note taken back"),
    "open_follow_up": gettext_lazy("promise written down"),
    "complete_follow_up": gettext_lazy("promise kept"),
    "reopen_follow_up": gettext_lazy("promise opened again"),
    "reschedule_follow_up": gettext_lazy("promise moved to another day"),
    "assign_follow_up": gettext_lazy("promise given to somebody"),
    "take_back_debrief": gettext_lazy("debriefing taken back"),
    "record_attendance": gettext_lazy("attendance written down"),
    "add_participation": gettext_lazy("put on the roster"),
    "mail_hold": gettext_lazy("mail held"),
    "mail_release": gettext_lazy("mail released"),
    "mail_cancel": gettext_lazy("mail cancelled"),
    "mail_arrived": gettext_lazy("mail marked as arrived"),
    "mail_send_again": gettext_lazy("mail sent again"),
    "inbox_filed": gettext_lazy("incoming mail filed"),
    "inbox_ignored": gettext_lazy("incoming mail ignored"),
    "inbox_review": gettext_lazy("incoming mail to be looked at again"),
    "ignore_sender": gettext_lazy("sender ignored from now on"),
    "hear_sender": gettext_lazy("sender no longer ignored"),
    "request_step": gettext_lazy("state of the request changed"),
    "take_back_step": gettext_lazy("last step of the request taken back"),
    "visit_step": gettext_lazy("state of the visit changed"),
    "receive_request": gettext_lazy("request received"),
    "triage_request": gettext_lazy("priority and length set"),
    "take_over_request": gettext_lazy("taken over into the address book"),
    "unlink_person": gettext_lazy("link to a person taken back"),
    "correct_request": gettext_lazy("request corrected by the city"),
    "ask_for_date": gettext_lazy("another date asked for by the city"),
    "take_back_date_wish": gettext_lazy("wish for another date taken back"),
    "keep_date": gettext_lazy("agreed date kept, the city answered"),
    "ask_hand_over": gettext_lazy("a colleague asked to take the request over"),
    "hand_over_request": gettext_lazy("handed over to a colleague"),
    "ask_about_data": gettext_lazy("asked about own data"),
    "take_back_consents": gettext_lazy("consent taken back"),
    "write_note": gettext_lazy("note written"),
    "make_visit": gettext_lazy("visit made"),
    "edit_visit": gettext_lazy("visit edited"),
    "agree_to_move": gettext_lazy("new date agreed"),
    "undo_cancellation": gettext_lazy("cancellation undone"),
    "free_slot": gettext_lazy("time kept for an undo given back"),
    "report_visit": gettext_lazy("report written"),
    "approve_report": gettext_lazy("report approved by the city"),
    "correct_report": gettext_lazy("report corrected by the city"),
    "accept_correction": gettext_lazy("correction of the city taken over"),
    "freeze_figures": gettext_lazy("figures frozen"),
    "enter_leg": gettext_lazy("journey entered"),
    "edit_leg": gettext_lazy("journey edited"),
    "cancel_leg": gettext_lazy("journey called off"),
    "restore_leg": gettext_lazy("journey brought back"),
    "put_tag": gettext_lazy("tagged"),
    "take_tag": gettext_lazy("tag taken off"),
    "save_view": gettext_lazy("view kept"),
    "remove_view": gettext_lazy("view removed"),
    "restore_view": gettext_lazy("view brought back"),
    "add_expense": gettext_lazy("expense written down"),
    "edit_expense": gettext_lazy("expense edited"),
    "remove_expense": gettext_lazy("expense taken out"),
    "restore_expense": gettext_lazy("expense brought back"),
    "accept_visit": gettext_lazy("accepted by the host"),
    "refuse_visit": gettext_lazy("refused by the host"),
    "agree_to_photos": gettext_lazy("leave for photos noted"),
    "remove_checklist_item": gettext_lazy("taken off the checklist"),
    "tick_checklist": gettext_lazy("checklist ticked"),
    "build_edition": gettext_lazy("brief built"),
    "store_version": gettext_lazy("plan kept"),
    "publish_version": gettext_lazy("plan published"),
    "mark_at_risk": gettext_lazy("marked at risk"),
    "clear_risk": gettext_lazy("no longer at risk"),
    "start_mailing": gettext_lazy("mailing written"),
    "edit_mailing": gettext_lazy("mailing edited"),
    "drop_mailing": gettext_lazy("mailing thrown away"),
    "leave_out": gettext_lazy("somebody left out of a mailing"),
    "take_in": gettext_lazy("somebody taken into a mailing again"),
    "release_mailing": gettext_lazy("mailing released"),
    "try_mailing_again": gettext_lazy("blocked people of a mailing tried again"),
    "stop_mailing": gettext_lazy("mailing stopped"),
    "resume_mailing": gettext_lazy("mailing goes on"),
    "cancel_mailing": gettext_lazy("rest of a mailing given up"),
    "stop_address": gettext_lazy("stopped our mailings by mail"),
    "stop_mailings": gettext_lazy("stopped our mailings by the link or by mail"),
    "stop_outbox": gettext_lazy("all mail stopped"),
    "start_outbox": gettext_lazy("mail leaves again"),
    "save_wording": gettext_lazy("wording kept"),
    "send_letter": gettext_lazy("letter handed to the outbox"),
    "edit_draft": gettext_lazy("draft edited"),
    "add_user": gettext_lazy("account made"),
    "edit_user": gettext_lazy("account edited"),
    "renew_password": gettext_lazy("password renewed"),
    "make_token": gettext_lazy("API token made"),
    "revoke_token": gettext_lazy("API token revoked"),
    "export_list": gettext_lazy("list exported"),
    "move_clock": gettext_lazy("demo clock moved"),
    "add_campaign": gettext_lazy("campaign opened"),
    "edit_campaign": gettext_lazy("campaign edited"),
    "add_host": gettext_lazy("host added"),
    "edit_host": gettext_lazy("host edited"),
    "renew_feed": gettext_lazy("calendar address made"),
    "add_busy_feed": gettext_lazy("own calendar connected"),
    "remove_busy_feed": gettext_lazy("own calendar disconnected"),
    "add_topic": gettext_lazy("topic added"),
    "edit_topic": gettext_lazy("topic edited"),
    "remove_topic": gettext_lazy("topic removed"),
    "add_event": gettext_lazy("event added"),
    "edit_event": gettext_lazy("event edited"),
    "add_availability": gettext_lazy("availability written down"),
    "remove_availability": gettext_lazy("availability removed"),
    "add_calendar_day": gettext_lazy("calendar day added"),
    "edit_calendar_day": gettext_lazy("calendar day edited"),
    "remove_calendar_day": gettext_lazy("calendar day removed"),
    "enter_disruption": gettext_lazy("disruption entered"),
    "edit_disruption": gettext_lazy("disruption edited"),
    "add_journey": gettext_lazy("known journey added"),
    "edit_journey": gettext_lazy("known journey edited"),
    "remove_journey": gettext_lazy("known journey removed"),
    "restore_journey": gettext_lazy("known journey restored"),
    "change_factor": gettext_lazy("travel factor changed"),
    "reset_factor": gettext_lazy("travel factor back to the reference"),
    "store_legs": gettext_lazy("journeys of the plan stored"),
    "close_disruption": gettext_lazy("disruption over"),
}


# Of these the state itself is told; that a field named so changed says nothing more.
STATE_VERBS = ("mail_", "request_step", "visit_step", "take_back_step", "receive_")


def verb_words(entry: AuditEntry) -> str:
    """What was done: "edited: role, notes"."""
    verb = str(VERBS.get(entry.verb, entry.verb.replace("_", " ")))
    names = field_words(entry)
    if not names or entry.verb.startswith(STATE_VERBS):
        return verb
    return _("%(verb)s: %(fields)s") % {"verb": verb, "fields": ", ".join(names)}


def field_words(entry: AuditEntry) -> list[str]:
    """The touched fields as forms call them; a name we do not know stays as it is."""
    try:
        model = apps.get_model(entry.model)
    except (LookupError, ValueError):
        return list(entry.fields)
    return [_label(model, name) for name in entry.fields]


def _label(model, name: str) -> str:
    try:
        return str(getattr(model._meta.get_field(name), "verbose_name", name))
    except FieldDoesNotExist:
        return str(name).replace("_", " ")


def record_words(entry: AuditEntry) -> str:
    """Which record it was: "visit request R04", "person 17"."""
    try:
        kind = str(apps.get_model(entry.model)._meta.verbose_name)
    except (LookupError, ValueError):
        kind = entry.model
    return f"{kind} {entry.row_ref or entry.row_id}"


# Whose states an entry's step tells of.
STEP_KINDS = {
    "visits.visitrequest": "request",
    "visits.visit": "visit",
    "crm.outgoingmail": "mail",
    "crm.incomingmail": "incoming",
    "crm.participation": "participation",
}


def step_words(entry: AuditEntry) -> str:
    """From which state to which: "scheduled → fulfilled"; empty when no state changed."""
    kind = STEP_KINDS.get(entry.model, "")
    states = [state for state in (entry.from_state, entry.to_state) if state]
    return " → ".join(str(mark(state, kind).word) if kind else state for state in states)


def actor_words(entry: AuditEntry) -> str:
    """Who did it: a person, the municipality, the worker."""
    if entry.by_id:
        return str(entry.by)
    known = {
        "municipality": _("the municipality"),
        "worker": _("the program"),
        "import": _("an import"),
    }
    return known.get(entry.actor, entry.actor)
