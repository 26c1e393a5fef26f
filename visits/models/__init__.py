"""Campaigns, requests, visits, plans, travel, briefs and reports."""

from visits.models.availability import (
    BusyFeed,
    Hold,
    HostAnswer,
    HostAvailability,
    Reservation,
)
from visits.models.briefs import BriefEdition
from visits.models.calendars import CalendarDay, Disruption
from visits.models.campaigns import Campaign, Topic
from visits.models.figures import FigureSnapshot
from visits.models.hosts import Host
from visits.models.links import CalendarFeed, FeedEntry, PrivateLink
from visits.models.notes import VisitNote
from visits.models.packs import PackRun
from visits.models.plans import (
    Placement,
    Plan,
    PlanDecision,
    PlanEdit,
    PlanRun,
    PlanVersion,
    Unplaced,
)
from visits.models.reminders import Reminder
from visits.models.reports import (
    AttendanceCount,
    DisseminationActivity,
    Referral,
    VisitReport,
)
from visits.models.requests import DateWish, PendingRequest, PreferredDate, VisitRequest
from visits.models.travel import (
    Expense,
    RoadJourney,
    RoadSourceState,
    TravelFactor,
    TravelLeg,
    TravelOverride,
)
from visits.models.visits import AgendaItem, ChecklistItem, Visit

__all__ = [
    "AgendaItem",
    "AttendanceCount",
    "BriefEdition",
    "BusyFeed",
    "CalendarDay",
    "CalendarFeed",
    "Campaign",
    "ChecklistItem",
    "DateWish",
    "Disruption",
    "DisseminationActivity",
    "Expense",
    "FeedEntry",
    "FigureSnapshot",
    "Hold",
    "Host",
    "HostAnswer",
    "HostAvailability",
    "PackRun",
    "PendingRequest",
    "Placement",
    "Plan",
    "PlanRun",
    "PlanDecision",
    "PlanEdit",
    "PlanVersion",
    "PreferredDate",
    "PrivateLink",
    "Reminder",
    "Referral",
    "Reservation",
    "RoadJourney",
    "RoadSourceState",
    "Topic",
    "TravelFactor",
    "TravelLeg",
    "TravelOverride",
    "Unplaced",
    "Visit",
    "VisitNote",
    "VisitReport",
    "VisitRequest",
]
