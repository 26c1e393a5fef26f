"""The resources of people, organisations, events and words."""

from rest_framework.routers import SimpleRouter

from crm.api import mailings, viewsets
from crm.api.tokens import TokenViewSet

RESOURCES = {
    "organisations": viewsets.OrganisationViewSet,
    "municipalities": viewsets.MunicipalityViewSet,
    "people": viewsets.PersonViewSet,
    "events": viewsets.EventViewSet,
    "sessions": viewsets.SessionViewSet,
    "participations": viewsets.ParticipationViewSet,
    "interactions": viewsets.InteractionViewSet,
    "messages": viewsets.MessageViewSet,
    "incoming-mails": viewsets.IncomingMailViewSet,
    "follow-ups": viewsets.FollowUpViewSet,
    "consents": viewsets.ConsentViewSet,
    "saved-views": viewsets.SavedViewViewSet,
    "imports": viewsets.ImportViewSet,
    "mailings": mailings.MailingViewSet,
    "mailing-recipients": mailings.MailingRecipientViewSet,
    "lookalikes": viewsets.LookalikeViewSet,
    "merges": viewsets.MergeViewSet,
    "tokens": TokenViewSet,
}


def register(router: SimpleRouter, resources: dict) -> None:
    """Give each resource its addresses: `people-list`, `people-detail`, `people-archive`."""
    for noun, viewset in resources.items():
        router.register(noun, viewset, basename=noun)
