"""People, organisations, events, words exchanged and what was promised."""

from crm.models.audit import AuditEntry, AuditNote
from crm.models.clock import ClockSetting
from crm.models.consent import ConsentRecord, ConsentText, DataRequest, Suppression
from crm.models.digests import WeeklyDigest
from crm.models.duplicates import DuplicateScan, Lookalike, Merge
from crm.models.events import Event, Participation, Session
from crm.models.follow_up_moves import FollowUpMove
from crm.models.follow_ups import FollowUp
from crm.models.imports import ImportBatch, ImportRow, NoticeDue
from crm.models.inbox import IgnoredSender, IncomingMail, MailFolder
from crm.models.mailings import Mailing, MailingRecipient, OutboxStanding, StopLink
from crm.models.messages import Interaction, MailTemplate, Message
from crm.models.organisations import Initiative, Municipality, Organisation
from crm.models.outbox import OutgoingMail
from crm.models.people import ContactPoint, Person
from crm.models.places import Place, PlaceName
from crm.models.posts import Post
from crm.models.retention import RetentionRule
from crm.models.safety import IdempotencyKey, RateHit, WorkerBeat
from crm.models.saved_views import SavedView
from crm.models.tags import Tag
from crm.models.users import User

__all__ = [
    "AuditEntry",
    "AuditNote",
    "ClockSetting",
    "ConsentRecord",
    "ConsentText",
    "ContactPoint",
    "DataRequest",
    "DuplicateScan",
    "Event",
    "FollowUp",
    "FollowUpMove",
    "IdempotencyKey",
    "IgnoredSender",
    "ImportBatch",
    "ImportRow",
    "IncomingMail",
    "Initiative",
    "Interaction",
    "Lookalike",
    "MailFolder",
    "MailTemplate",
    "Mailing",
    "MailingRecipient",
    "Merge",
    "Message",
    "Municipality",
    "NoticeDue",
    "Organisation",
    "OutboxStanding",
    "OutgoingMail",
    "Participation",
    "Person",
    "Place",
    "PlaceName",
    "Post",
    "RateHit",
    "RetentionRule",
    "SavedView",
    "Session",
    "StopLink",
    "Suppression",
    "Tag",
    "User",
    "WeeklyDigest",
    "WorkerBeat",
]
