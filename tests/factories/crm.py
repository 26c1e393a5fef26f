"""Factories of the crm app. Moments are around the demo clock, 15 February 2023."""

from datetime import UTC, date, datetime
from functools import lru_cache

import factory
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from factory.django import DjangoModelFactory

from crm import models
from crm.models.consent import Purpose
from crm.models.places import name_keys
from crm.roles import Role

CLOCK = datetime(2023, 2, 15, 9, 0, tzinfo=UTC)
PASSWORD = "a long password for tests"


@lru_cache
def hashed_password() -> str:
    """The hash of PASSWORD, made once because a good hash is slow."""
    return make_password(PASSWORD)


class UserFactory(DjangoModelFactory):
    """`UserFactory(role=Role.HOST)`; `roles=[...]` for several, no role by default."""

    class Meta:
        model = models.User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"user{n}@staff.example")
    name = factory.Sequence(lambda n: f"User {n}")
    password = factory.LazyFunction(hashed_password)

    @factory.post_generation
    def role(self, create, extracted, **kwargs):
        if create and extracted:
            self.groups.add(Group.objects.get_or_create(name=str(extracted))[0])

    @factory.post_generation
    def roles(self, create, extracted, **kwargs):
        for role in (extracted or ()) if create else ():
            self.groups.add(Group.objects.get_or_create(name=str(role))[0])
        # The groups were added after the first look, if there was one.
        self.__dict__.pop("roles", None)


class CoordinatorFactory(UserFactory):
    email = factory.Sequence(lambda n: f"coordinator{n}@staff.example")

    @factory.post_generation
    def role(self, create, extracted, **kwargs):
        if create:
            self.groups.add(Group.objects.get_or_create(name=Role.COORDINATOR)[0])


class InitiativeFactory(DjangoModelFactory):
    class Meta:
        model = models.Initiative
        django_get_or_create = ("name",)

    name = "IMPETUS"
    kind = models.Initiative.Kind.PROJECT
    programme = "Horizon 2020"
    grant_no = "883286"


class PlaceFactory(DjangoModelFactory):
    """Ghent unless told otherwise: `PlaceFactory(name="Oslo", country="NO", …)`."""

    class Meta:
        model = models.Place
        skip_postgeneration_save = True

    geoname_id = factory.Sequence(lambda n: 90_000_000 + n)
    name = "Gent"
    alternate_names = "Ghent|Gand"
    country = "BE"
    region = "Flanders"
    latitude = 51.05
    longitude = 3.71667
    zone = "Europe/Brussels"
    population = 231_493

    @factory.post_generation
    def names(self, create, extracted, **kwargs):
        keys = name_keys(self.name, *self.alternate_names.split("|")) if create else ()
        models.PlaceName.objects.bulk_create(
            models.PlaceName(key=key, population=self.population, place=self) for key in keys
        )


class OrganisationFactory(DjangoModelFactory):
    class Meta:
        model = models.Organisation

    name = factory.Sequence(lambda n: f"Institute {n}")
    type = models.Organisation.Type.RESEARCH
    country = "NO"


class MunicipalityFactory(DjangoModelFactory):
    """A municipality with its organisation and place: `MunicipalityFactory(name="Bergen")`."""

    class Meta:
        model = models.Municipality

    class Params:
        country = "BE"

    name = factory.Sequence(lambda n: f"City {n}")
    time_zone = "Europe/Brussels"
    languages = factory.LazyFunction(lambda: ["nl"])
    organisation = factory.SubFactory(
        OrganisationFactory,
        name=factory.LazyAttribute(
            lambda organisation: f"{organisation.factory_parent.name} (municipality)"
        ),
        type=models.Organisation.Type.MUNICIPALITY,
        country=factory.SelfAttribute("..country"),
    )
    place = factory.SubFactory(
        PlaceFactory,
        name=factory.SelfAttribute("..name"),
        alternate_names="",
        country=factory.SelfAttribute("..country"),
        zone=factory.SelfAttribute("..time_zone"),
    )


class PersonFactory(DjangoModelFactory):
    """A person with no address; give `address="x@city.example"` for a verified one."""

    class Meta:
        model = models.Person
        skip_postgeneration_save = True

    given = factory.Sequence(lambda n: f"Given{n}")
    family = factory.Sequence(lambda n: f"Family{n}")
    role = "adviser"
    organisation = factory.SubFactory(OrganisationFactory)

    @factory.post_generation
    def address(self, create, extracted, **kwargs):
        if create and extracted:
            ContactPointFactory(person=self, value=extracted)


class ContactPointFactory(DjangoModelFactory):
    class Meta:
        model = models.ContactPoint

    person = factory.SubFactory(PersonFactory)
    kind = models.ContactPoint.Kind.EMAIL
    value = factory.Sequence(lambda n: f"person{n}@city.example")
    status = models.ContactPoint.Status.VERIFIED


class ConsentTextFactory(DjangoModelFactory):
    class Meta:
        model = models.ConsentText

    purpose = Purpose.NEWSLETTER
    language = "en"
    version = factory.Sequence(lambda n: n + 1)
    text = "I want to get the newsletter."


class ConsentRecordFactory(DjangoModelFactory):
    class Meta:
        model = models.ConsentRecord

    person = factory.SubFactory(PersonFactory)
    purpose = Purpose.NEWSLETTER
    status = models.ConsentRecord.Status.GRANTED
    language = "en"
    at = CLOCK
    channel = "event_desk"


class SuppressionFactory(DjangoModelFactory):
    class Meta:
        model = models.Suppression

    match_key = factory.Sequence(lambda n: f"gone{n}@city.example")
    reason = "asked us to stop"
    at = CLOCK


class DataRequestFactory(DjangoModelFactory):
    class Meta:
        model = models.DataRequest

    kind = models.DataRequest.Kind.ERASE
    person = factory.SubFactory(PersonFactory)
    received_at = CLOCK
    due_on = date(2023, 3, 15)


class EventFactory(DjangoModelFactory):
    class Meta:
        model = models.Event

    slug = factory.Sequence(lambda n: f"event-{n}")
    name = factory.Sequence(lambda n: f"Event {n}")
    starts_on = date(2023, 1, 30)
    ends_on = date(2023, 1, 31)
    city = "Rotterdam"
    country = "NL"


class SessionFactory(DjangoModelFactory):
    class Meta:
        model = models.Session

    event = factory.SubFactory(EventFactory)
    day = 1
    order = factory.Sequence(lambda n: n)
    title = factory.Sequence(lambda n: f"Session {n}")


class ParticipationFactory(DjangoModelFactory):
    class Meta:
        model = models.Participation

    person = factory.SubFactory(PersonFactory)
    event = factory.SubFactory(EventFactory)
    status = models.Participation.Status.ATTENDED
    day_1 = True
    day_2 = True


class ImportBatchFactory(DjangoModelFactory):
    """A file that is imported; `state="ready"` for one that waits for a decision."""

    class Meta:
        model = models.ImportBatch

    basis = "legitimate interest"
    source = "attendee list"
    file_name = "list.csv"
    state = models.ImportBatch.State.DONE
    applied_at = CLOCK


class ImportRowFactory(DjangoModelFactory):
    class Meta:
        model = models.ImportRow

    batch = factory.SubFactory(ImportBatchFactory)
    line = factory.Sequence(lambda n: n + 2)
    verb = models.ImportRow.Verb.CREATE


class NoticeDueFactory(DjangoModelFactory):
    class Meta:
        model = models.NoticeDue

    person = factory.SubFactory(PersonFactory)
    source = "attendee list"
    basis = "legitimate interest"
    due_on = date(2023, 3, 15)


class PostFactory(DjangoModelFactory):
    """What somebody was until the end of 2022."""

    class Meta:
        model = models.Post

    person = factory.SubFactory(PersonFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    role = "clerk"
    from_on = date(2020, 1, 1)
    to_on = date(2022, 12, 31)


class MailTemplateFactory(DjangoModelFactory):
    class Meta:
        model = models.MailTemplate

    key = factory.Sequence(lambda n: f"template-{n}")
    language = "en"
    subject = "About {ref}"
    body = "Dear {name}, this is about {ref}."


class MailingFactory(DjangoModelFactory):
    """A draft to nobody yet."""

    class Meta:
        model = models.Mailing

    title = factory.Sequence(lambda n: f"Mailing {n}")
    kind = models.Mailing.Kind.NEWSLETTER
    template_key = "newsletter4_notice"
    created_at = CLOCK


class MailingRecipientFactory(DjangoModelFactory):
    class Meta:
        model = models.MailingRecipient

    mailing = factory.SubFactory(MailingFactory)
    person = factory.SubFactory(PersonFactory)
    standing = models.MailingRecipient.Standing.GOES
    language = "en"


class MessageFactory(DjangoModelFactory):
    """A mail of ours that was handed to the outbox; `draft=True` for one that was not."""

    class Meta:
        model = models.Message

    class Params:
        draft = factory.Trait(status=models.Message.Status.DRAFT)
        incoming = factory.Trait(
            direction=models.Message.Direction.IN, status=models.Message.Status.RECEIVED
        )

    direction = models.Message.Direction.OUT
    status = models.Message.Status.QUEUED
    subject = factory.Sequence(lambda n: f"Your visit {n}")
    body = "We can come on 24 February."
    address = factory.Sequence(lambda n: f"officer{n}@city.example")
    at = CLOCK


class OutgoingMailFactory(DjangoModelFactory):
    class Meta:
        model = models.OutgoingMail

    message = factory.SubFactory(MessageFactory)
    recipient = factory.SelfAttribute("message.address")
    mail_id = factory.Sequence(lambda n: f"<mail-{n}@outreach.example>")
    subject = factory.SelfAttribute("message.subject")
    text = factory.SelfAttribute("message.body")
    next_try_at = CLOCK
    queued_at = CLOCK


class MailFolderFactory(DjangoModelFactory):
    class Meta:
        model = models.MailFolder
        django_get_or_create = ("name",)

    name = "drop@desk.example"
    uidvalidity = 1
    read_at = CLOCK


class IncomingMailFactory(DjangoModelFactory):
    """A letter of somebody, read and waiting for a look; its bytes are not kept unless given."""

    class Meta:
        model = models.IncomingMail
        skip_postgeneration_save = True

    folder = factory.SubFactory(MailFolderFactory)
    uidvalidity = 1
    uid = factory.Sequence(lambda n: n + 1)
    raw_hash = factory.Sequence(lambda n: f"{n:064}")
    received_at = CLOCK
    state = models.IncomingMail.State.REVIEW
    why = "stranger"
    message_id = factory.Sequence(lambda n: f"<in-{n}@city.example>")
    thread = factory.SelfAttribute("message_id")
    sender = factory.Sequence(lambda n: f"writer{n}@city.example")
    sender_key = factory.LazyAttribute(lambda row: row.sender.casefold())
    sender_name = "Robin Writer"
    recipients = [["", "drop@desk.example"]]
    subject = "A question"
    text = "Could you visit us?"

    @factory.post_generation
    def filed_to(self, create, extracted, **kwargs):
        """Messages it is filed as."""
        if create and extracted:
            self.messages.set(extracted)


class IgnoredSenderFactory(DjangoModelFactory):
    class Meta:
        model = models.IgnoredSender

    address = factory.Sequence(lambda n: f"noise{n}@news.example")
    address_key = factory.SelfAttribute("address")
    at = CLOCK


class InteractionFactory(DjangoModelFactory):
    class Meta:
        model = models.Interaction

    kind = models.Interaction.Kind.CALL
    person = factory.SubFactory(PersonFactory)
    at = CLOCK
    text = "Called back and asked for a morning."


class FollowUpFactory(DjangoModelFactory):
    class Meta:
        model = models.FollowUp

    text = factory.Sequence(lambda n: f"Send the guide, copy {n}")
    due_on = date(2023, 2, 17)
    created_at = CLOCK


class AuditEntryFactory(DjangoModelFactory):
    class Meta:
        model = models.AuditEntry

    at = CLOCK
    verb = "changed"
    model = "crm.person"
    row_id = "1"


class RateHitFactory(DjangoModelFactory):
    class Meta:
        model = models.RateHit

    scope = "request"
    key = "0" * 64
    at = factory.LazyFunction(lambda: datetime.now(UTC))


class TagFactory(DjangoModelFactory):
    class Meta:
        model = models.Tag

    name = factory.Sequence(lambda n: f"Tag {n}")


class SavedViewFactory(DjangoModelFactory):
    class Meta:
        model = models.SavedView

    list = "people"
    name = factory.Sequence(lambda n: f"View {n}")
    query = factory.LazyFunction(lambda: {"country": ["NL"]})
    owner = factory.SubFactory(UserFactory)
    created_at = CLOCK


class LookalikeFactory(DjangoModelFactory):
    """Two people of like names, not decided yet."""

    class Meta:
        model = models.Lookalike

    one = factory.SubFactory(PersonFactory)
    other = factory.SubFactory(PersonFactory)
    probability = 0.97
    bits = 21.5
    levels = factory.LazyFunction(lambda: {"given": 0, "family": 1, "mail": 0, "city": 3})
    found_at = CLOCK


class MergeFactory(DjangoModelFactory):
    """Two people made one; `MergeFactory(kept=…, merged=…)` merges those."""

    class Meta:
        model = models.Merge

    kept = factory.SubFactory(PersonFactory)
    merged = factory.SubFactory(PersonFactory)

    @classmethod
    def _create(cls, model_class, *args, kept, merged, **kwargs):
        from crm.domain.merges import merge_people

        return merge_people(kept, merged, at=CLOCK, by=None)
