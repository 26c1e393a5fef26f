import json
from pathlib import Path

import pytest

from benchmarks import campaign, toptw

DATA = Path(toptw.__file__).parent / "data"


def test_the_campaign_command_prints_one_object_a_file(capfd):
    files = [str(DATA / "campaign" / f"camp-10-1-{seed}.json") for seed in (1, 2)]
    assert campaign.main([*files, "--seconds", "20", "--json"]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(row["instance"], row["priority"], row["proven"]) for row in rows] == [
        ("camp-10-1-1", 32, True),
        ("camp-10-1-2", 30, True),
    ]
    given = json.loads(Path(files[0]).read_text())["requests"]
    for visit in rows[0]["visits"]:
        low, high = given[visit["request"]]["start_windows"][str(visit["day"])]
        assert low <= visit["start"] <= high
    assert set(rows[0]) == {
        "instance",
        "priority",
        "bound",
        "proven",
        "preference",
        "travel",
        "seconds",
        "visits",
    }


@pytest.mark.parametrize(("name", "vehicles", "best"), [("c101", 1, 320), ("r101", 2, 349)])
def test_narrow_windows_are_solved_to_the_best_known_score(name, vehicles, best):
    instance = toptw.read(DATA / "toptw" / f"{name}.txt")
    answer = toptw.solve(instance, vehicles, 10.0, 0)
    assert (answer["score"], toptw.broken(instance, answer)) == (best, [])


def test_no_score_beats_its_bound_on_wide_windows():
    instance = toptw.read(DATA / "toptw" / "r201.txt")
    answer = toptw.solve(instance, 1, 2.0, 0)
    assert toptw.broken(instance, answer) == []
    assert answer["score"] <= answer["bound"]
