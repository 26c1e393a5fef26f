"""The two published plan versions and the disruptions that are known at the demo clock."""

from crm import fixture_files as files
from visits.domain.sample_load.cast import Cast
from visits.models import Disruption, Placement, Plan, PlanVersion, Unplaced
from visits.models.travel import TravelMode

MODES = {
    "air": TravelMode.FLY,
    "rail": TravelMode.RAIL,
    "road": TravelMode.DRIVE,
    "ferry": TravelMode.FERRY,
    "local_transport": TravelMode.OTHER,
}
SEVERITIES = {"low": 1, "medium": 2, "high": 3}
STATUSES = {"ended": Disruption.Status.OVER}


def load_plans(cast: Cast) -> None:
    plan = Plan.objects.create(campaign=cast.campaign, is_sample=True)
    for row in files.document("sample/plan_versions.json"):
        placed = {ref for placement in row["placements"] for ref in placement["requests"]}
        version = PlanVersion.objects.create(
            plan=plan,
            number=row["number"],
            state=PlanVersion.State.PUBLISHED,
            made_at=files.moment(row["published_at"]),
            made_by=cast.actor(row["by"])[0],
            published_at=files.moment(row["published_at"]),
            note=row["note"],
            priority=sum(cast.requests[ref].priority or 1 for ref in placed),
            totals={"difference": row["difference"]},
            is_sample=True,
        )
        _load_placements(cast, version, row)


def _load_placements(cast: Cast, version: PlanVersion, row: dict) -> None:
    for placed in row["placements"]:
        placement = Placement.objects.create(
            version=version,
            visit=cast.visits[placed["visit"]],
            host=cast.hosts[placed["host"]],
            mode=placed["mode"],
            starts_at=files.moment(placed["starts_at"]),
            ends_at=files.moment(placed["ends_at"]),
            zone=placed["zone"],
            is_sample=True,
        )
        placement.requests.set(cast.requests[ref] for ref in placed["requests"])
    Unplaced.objects.bulk_create(
        Unplaced(
            version=version,
            request=cast.requests[left["request"]],
            reason_code="stated",
            reason=left["reason"],
            is_sample=True,
        )
        for left in row["unplaced"]
    )


def disruption_values(row: dict[str, str]) -> dict:
    """The fields of a Disruption from one row of `disruptions.csv`."""
    return {
        "key": row["key"],
        "kind": row["kind"],
        "name": row["name"],
        "countries": files.parts(row["countries"]),
        "airports": files.parts(row["airports"]),
        "modes": [MODES[mode] for mode in files.parts(row["modes"])],
        "starts_at": files.moment(row["starts_at"]),
        "ends_at": files.moment(row["ends_at"]),
        "severity": SEVERITIES[row["severity"]],
        "status": STATUSES.get(row["status"], row["status"]),
        "source": row["source"],
    }


def load_disruptions(cast: Cast) -> None:
    Disruption.objects.bulk_create(
        Disruption(**disruption_values(row), is_sample=True)
        for row in files.rows("disruptions.csv")
        if row["loaded"] == "1"
    )
