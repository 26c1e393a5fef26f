"""Campaigns larger than the files, drawn from a seed in the shape of the files.

Places lie around those of camp-300-3-1; durations, priorities, possible days and hours are drawn as
often as they occur there; travel minutes come from the planner's own estimate.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from visits.planning.travel import estimated_table

MODEL = Path(__file__).parent / "data" / "campaign" / "camp-300-3-1.json"
DAY = 840
HOMES = (
    ("Oslo", 59.91, 10.75),
    ("Lyon", 45.76, 4.84),
    ("Vienna", 48.21, 16.37),
    ("Hamburg", 53.55, 9.99),
    ("Milan", 45.46, 9.19),
    ("Warsaw", 52.23, 21.01),
    ("Brussels", 50.85, 4.35),
    ("Madrid", 40.42, -3.70),
    ("Stockholm", 59.33, 18.07),
    ("Budapest", 47.50, 19.04),
)


def campaign(requests: int, hosts: int, seed: int) -> dict[str, Any]:
    """A campaign in the form of the files: the same for the same numbers."""
    rng = random.Random(f"{requests}-{hosts}-{seed}")
    model = json.loads(MODEL.read_text())
    given = model["requests"]
    rows = []
    for number in range(requests):
        near, like = rng.choice(given), rng.choice(given)
        days = rng.sample(range(len(model["days"])), len(like["start_windows"]))
        hours = list(like["start_windows"].values())
        rows.append(
            {
                "id": number,
                "name": f"{near['name']} {number}",
                "lat": near["lat"] + rng.uniform(-0.4, 0.4),
                "lon": near["lon"] + rng.uniform(-0.6, 0.6),
                "dur": like["dur"],
                "pri": like["pri"],
                "start_windows": {str(day): rng.choice(hours) for day in sorted(days)},
                "preferred": rng.sample(days, min(len(days), len(like["preferred"]))),
                "only_host": None if like["only_host"] is None else rng.randrange(hosts),
            }
        )
    homes = [[f"Host {n + 1}", *HOMES[n], "Europe/Oslo"] for n in range(hosts)]
    places = [(str(row["id"]), row["lat"], row["lon"]) for row in rows]
    places += [(name, home_lat, home_lon) for name, _place, home_lat, home_lon, _zone in homes]
    table = estimated_table(places)
    return {
        "days": model["days"],
        "weeks": model["weeks"],
        "day_minutes": DAY,
        "hosts": homes,
        "requests": rows,
        "T": table.minutes.clip(0, DAY).tolist(),
    }
