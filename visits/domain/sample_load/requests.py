"""The campaign with its hosts, and the 27 requests with their histories."""

from datetime import time

from crm import fixture_files as files
from crm.models import ConsentRecord, Place
from crm.models.consent import Purpose
from visits.domain.requests import reply_due
from visits.domain.sample_load.cast import Cast
from visits.models import (
    Campaign,
    Host,
    HostAvailability,
    PreferredDate,
    Referral,
    VisitRequest,
)
from visits.models.requests import Channel
from visits.states import RequestState

CHANNELS = {"e-mail": Channel.EMAIL}
SHARING = {"Secu4All": Purpose.SHARE_SECU4ALL, "COSSEC": Purpose.SHARE_COSSEC}


def load_campaign(cast: Cast) -> None:
    told = files.document("sample/campaign.json")
    hours = told["working_day"]
    cast.campaign = Campaign.objects.create(
        slug=told["slug"],
        name=told["name"],
        offer=told["offer"],
        event=cast.event,
        initiative=cast.initiatives[told["initiative"]],
        window_start=files.day(told["window_start"]),
        window_end=files.day(told["window_end"]),
        project_end=files.day(told["project_end"]),
        zone=told["zone"],
        office_opens=time.fromisoformat(hours["starts"]),
        office_closes=time.fromisoformat(hours["ends"]),
        reply_target_hours=told["reply_target_working_hours"],
        lead_days=told["lead_days"],
        targets=told["targets"],
        audience_map=told["audience_map"],
        funding_line=told["funding_line"],
        answers_from=told["answers_from"],
        is_sample=True,
    )


def load_hosts(cast: Cast) -> None:
    for row in files.document("sample/hosts.json"):
        work, travel, caps = row["working_hours"], row["travel_hours"], row["caps"]
        host = Host.objects.create(
            ref=row["key"],
            name=row["display_name"],
            title=row["title"],
            kind=row["kind"],
            person=cast.people.get(row["person"]),
            user=cast.users.get(row["user"]),
            home=Place.objects.get(pk=row["home_geonameid"]),
            zone=row["zone"],
            languages=row["languages"],
            work_from=time.fromisoformat(work["starts"]),
            work_until=time.fromisoformat(work["ends"]),
            travel_from=time.fromisoformat(travel["starts"]),
            travel_until=time.fromisoformat(travel["ends"]),
            travels=row["on_site"],
            max_days_in_row=caps["on_site_days_in_row"],
            keeps_office_day=caps["office_days_per_week"] > 0,
            is_sample=True,
        )
        host.topics.set(cast.topics_of(row["topics"]))
        cast.hosts[row["key"]] = host
        HostAvailability.objects.bulk_create(
            HostAvailability(
                host=host,
                kind=away["kind"],
                starts_at=files.moment(away["starts_at"]),
                ends_at=files.moment(away["ends_at"]),
                label=away["label"],
                is_sample=True,
            )
            for away in row["unavailability"]
        )


def load_requests(cast: Cast) -> None:
    texts = files.document("sample/request_texts.json")
    history = list(files.rows("sample/request_history.csv"))
    since = {step["request"]: files.moment(step["at"]) for step in history}
    bounced = {row["owner"] for row in files.rows("sample/addresses.csv")}
    listed = list(files.rows("sample/requests.csv"))
    places = Place.objects.in_bulk([int(row["geonameid"]) for row in listed if row["geonameid"]])
    for row in listed:
        words = texts[row["id"]]
        place = places.get(int(row["geonameid"] or 0))
        request = VisitRequest.objects.create(
            ref=row["id"],
            campaign=cast.campaign,
            received_at=files.moment(row["received_at"]),
            channel=CHANNELS.get(row["channel"], row["channel"]),
            raw_text=words["text"],
            raw_language=words["language"],
            translation=words["translation"] or "",
            municipality=cast.municipalities.get(row["org"]),
            city=row["municipality"],
            country=row["country"],
            region=row["region"] or (place.region if place else ""),
            place=place,
            zone=row["tz"],
            department=row["department"],
            requester_name=row["requester_name"],
            requester_role=row["requester_role"],
            address=row["email"],
            address_bounced=row["id"] in bounced,
            language=row["lang"],
            questions=files.parts(row["questions"]),
            mode=row["mode"],
            people=int(row["people"]) if row["people"] else None,
            interpreter=row["interpreter"],
            secrecy=row["secrecy"],
            state=row["state"],
            state_since=since[row["id"]],
            reason=row["reason"],
            priority=int(row["priority"]) if row["priority"] else None,
            duration_minutes=int(row["duration_minutes"]) if row["duration_minutes"] else None,
            on_site_ruled_out=_why_not_on_site(row),
            assigned_to=cast.users.get(row["assigned_to"]),
            first_reply_at=files.moment(row["first_reply_at"]),
            merged_into=cast.requests.get(row["merged_into"]),
            is_sample=True,
        )
        request.due_at = reply_due(cast.campaign, request.received_at)
        request.save(update_fields=["due_at"])
        request.topics.set(cast.topics_of(row["topics"]))
        _load_wishes(request, row)
        cast.requests[row["id"]] = request
    for step in history:
        verb = "request_step" if step["from_state"] else "receive_request"
        cast.note_step(cast.requests[step["request"]], verb, step)


def _why_not_on_site(row: dict[str, str]) -> str:
    return "travel safety" if "travel safety" in row["case"] else ""


def _load_wishes(request: VisitRequest, row: dict[str, str]) -> None:
    wished = zip(files.parts(row["preferred"]), files.parts(row["parts"]), strict=True)
    PreferredDate.objects.bulk_create(
        PreferredDate(request=request, rank=rank, on=files.day(on), part=part)
        for rank, (on, part) in enumerate(wished, 1)
    )


def load_referrals(cast: Cast) -> None:
    for row in files.rows("sample/requests.csv"):
        if row["state"] != RequestState.REFERRED:
            continue
        request = cast.requests[row["id"]]
        Referral.objects.create(
            request=request,
            initiative=cast.initiatives[row["referred_to"]],
            consent=ConsentRecord.objects.filter(
                address=request.address, purpose=SHARING[row["referred_to"]]
            ).first(),
            at=request.state_since,
            is_sample=True,
        )
