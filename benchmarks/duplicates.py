"""People recorded twice, beside others who look: `python -m benchmarks.duplicates [--json]`.

In one run and in turns, each in a process of its own: FEBRL 1 to 4 by us and by splink (no labels,
no national id); then 100,000 made-up contacts, 5,000 of them recorded again with slips, by us and
by a bare script of blocking and rapidfuzz. splink comes with the extra `benchmarks`; without it our
time is not set beside its. Exit status 1 when a bound is missed.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import Any

ROUNDS = 5
PEOPLE, TWICE = 100_000, 5_000
MISSING = (
    "splink is not installed, so our time is not set beside its: "
    "`pip install -e .[benchmarks]` brings it."
)
Pairs = set[tuple[int, int]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=[*ENGINES], help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(ENGINES[options.engine]()))
        return 0
    report = compare(options.rounds)
    print(json.dumps(report, indent=1) if options.json else in_words(report))
    return 0 if all(bound["holds"] for bound in report["bounds"]) else 1


def compare(rounds: int) -> dict[str, Any]:
    """What each engine found and needed, and how the bounds stand; ratios of pairs run in turn."""
    has_splink = find_spec("splink") is not None
    engines = ["febrl", *(["splink"] if has_splink else []), "scan", "bare"]
    runs: dict[str, list[dict[str, Any]]] = {engine: [] for engine in engines}
    for _ in range(rounds):
        for engine, kept in runs.items():
            kept.append(in_a_process_of_its_own(engine))
    last = {engine: kept[-1] for engine, kept in runs.items()}
    bounds = []
    for name, score in last["febrl"].items():
        bounds.append(at_least(f"{name}: F1", score["f1"], 0.98))
        bounds.append(at_least(f"{name}: precision", score["precision"], 0.995))
        if has_splink:
            ratios = [
                ours[name]["seconds"] / theirs[name]["seconds"]
                for ours, theirs in zip(runs["febrl"], runs["splink"], strict=True)
            ]
            bounds.append(at_most(f"{name}: time, to splink", ratios, 1.0))
    for key, words, most in (("cpu", "CPU", 3.0), ("memory", "memory", 1.5)):
        ratios = [
            ours[key] / bare[key] for ours, bare in zip(runs["scan"], runs["bare"], strict=True)
        ]
        bounds.append(at_most(f"{PEOPLE:,} people: {words}, to the bare script", ratios, most))
    return {"engines": last, "bounds": bounds, "has_splink": has_splink}


def at_least(name: str, value: float, least: float) -> dict[str, Any]:
    return {"name": name, "value": value, "bound": f">= {least}", "holds": value >= least}


def at_most(name: str, ratios: list[float], most: float) -> dict[str, Any]:
    middle = statistics.median(ratios)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return {
        "name": name,
        "value": middle,
        "bound": f"<= {most}",
        "spread": spread,
        "holds": middle <= most,
    }


def in_a_process_of_its_own(engine: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.duplicates", "--engine", engine]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def in_words(report: dict[str, Any]) -> str:
    lines = []
    for engine in ("febrl", "splink"):
        for name, score in report["engines"].get(engine, {}).items():
            lines.append(
                f"{engine:7} {name}: F1 {score['f1']:.4f}, precision {score['precision']:.4f}, "
                f"recall {score['recall']:.4f}, {score['seconds']:.2f} s"
            )
    for engine in ("scan", "bare"):
        score = report["engines"][engine]
        lines.append(
            f"{engine:7} {PEOPLE:,} people: {score['cpu']:.2f} s CPU, {score['memory']:.0f} MiB, "
            f"{score['compared']:,} pairs compared, precision {score['precision']:.3f}, "
            f"recall {score['recall']:.3f}"
        )
    for bound in report["bounds"]:
        mark = "holds" if bound["holds"] else "MISSED"
        spread = f" ({bound['spread']})" if "spread" in bound else ""
        lines.append(f"{mark:6} {bound['name']}: {bound['value']:.3f}{spread}, {bound['bound']}")
    return "\n".join(lines if report["has_splink"] else [*lines, MISSING])


def score(found: Pairs, truth: Pairs) -> dict[str, float]:
    right = len(found & truth)
    precision, recall = right / max(len(found), 1), right / len(truth)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {"precision": precision, "recall": recall, "f1": f1}


# --- FEBRL ---


def febrl() -> dict[str, Any]:
    from crm.matching.search import find_pairs
    from tests.support.febrl import FEBRL, FILES, rows, table, true_pairs

    told = {}
    for name in FILES:
        records = rows(name)
        columns = table(records)
        begun = time.perf_counter()
        found = find_pairs(FEBRL, columns)
        seconds = time.perf_counter() - begun
        pairs = {(pair.left, pair.right) for pair in found.pairs}
        told[name] = {**score(pairs, true_pairs(records)), "seconds": seconds}
    return told


def splink() -> dict[str, Any]:
    """As its documentation sets up an unsupervised deduplication."""
    import logging

    import pandas
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    from tests.support.febrl import COLUMNS, FILES, rows, true_pairs

    logging.disable(logging.WARNING)
    rules = [
        block_on("date_of_birth"),
        block_on("surname", "given_name"),
        block_on("surname", "postcode"),
        block_on("given_name", "postcode"),
        block_on("address_1", "street_number"),
    ]
    told = {}
    for name in FILES:
        records = rows(name)
        kept = [
            {"unique_id": at, **{each: row[each].strip() or None for each in COLUMNS.values()}}
            for at, row in enumerate(records)
        ]
        begun = time.perf_counter()
        settings = SettingsCreator(
            link_type="dedupe_only",
            blocking_rules_to_generate_predictions=rules,
            comparisons=[
                cl.NameComparison("given_name"),
                cl.NameComparison("surname"),
                cl.LevenshteinAtThresholds("street_number", 1),
                cl.JaroWinklerAtThresholds("address_1", [0.9, 0.7]),
                cl.JaroWinklerAtThresholds("address_2", [0.9, 0.7]),
                cl.JaroWinklerAtThresholds("suburb", [0.9, 0.7]),
                cl.LevenshteinAtThresholds("postcode", [1, 2]),
                cl.ExactMatch("state"),
                cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
            ],
        )
        api = DuckDBAPI()
        frame = pandas.DataFrame(kept)
        # Version 5 wants tables registered first.
        data = api.register(frame) if hasattr(api, "register") else frame
        try:
            linker = Linker(data, settings)
        except TypeError:
            linker = Linker(frame, settings, db_api=api)
        train = linker.training
        train.estimate_probability_two_random_records_match(
            [block_on("given_name", "surname", "date_of_birth")], recall=0.5
        )
        train.estimate_u_using_random_sampling(max_pairs=1e6)
        for rule in (block_on("date_of_birth"), block_on("surname")):
            train.estimate_parameters_using_expectation_maximisation(rule)
        found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
        seconds = time.perf_counter() - begun
        pairs = {
            (min(pair), max(pair))
            for pair in zip(
                found["unique_id_l"].tolist(), found["unique_id_r"].tolist(), strict=True
            )
        }
        told[name] = {**score(pairs, true_pairs(records)), "seconds": seconds}
    return told


# --- 100,000 contacts ---

SYLLABLES = (
    "an ar be bo da de el en fa fi ga gu ha hi ig jo ka ki la le lo ma mi na no ol pe ra ri "
    "ro sa se si so ta te ti to ul va ve vi wa za"
).split()


def contacts() -> tuple[list[dict[str, str]], Pairs]:
    """Made-up people, some with a second record, in the same order every time."""
    chance = random.Random(20230201)

    def word(least: int, most: int) -> str:
        return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(least, most)))

    givens = [word(2, 3) for _ in range(1_500)]
    families = [word(2, 4) + chance.choice(("sen", "ski", "er", "")) for _ in range(20_000)]
    cities = [
        (word(2, 4), chance.choice("no se dk de fr it es nl be pl".split())) for _ in range(900)
    ]
    bodies = ("city of", "police of", "university of", "region of")
    people = []
    for number in range(PEOPLE - TWICE):
        given, family = chance.choice(givens), chance.choice(families)
        city, country = chance.choice(cities)
        people.append(
            {
                "given": given,
                "family": family,
                "organisation": f"{chance.choice(bodies)} {city}",
                "city": city,
                "country": country,
                "mail": f"{given}.{family}{number % 97}@{city}.example",
                "phone": f"{chance.randrange(10**7, 10**8)}" if chance.random() < 0.7 else "",
            }
        )
    truth = set()
    for at in chance.sample(range(PEOPLE - TWICE), TWICE):
        again = dict(people[at])
        slip(again, chance)
        truth.add((at, len(people)))
        people.append(again)
    return people, truth


def slip(row: dict[str, str], chance: random.Random) -> None:
    """Type the record again: a wrong letter, an address of somebody's own, a field left out."""
    name = chance.choice(("given", "family"))
    at = chance.randrange(1, max(len(row[name]) - 1, 2))
    letter = chance.choice("aeinrst")
    row[name] = chance.choice(
        (
            row[name][:at] + row[name][at + 1 :],
            row[name][:at] + letter + row[name][at:],
            row[name][:at] + letter + row[name][at + 1 :],
            row[name][:at] + row[name][at : at + 2][::-1] + row[name][at + 2 :],
        )
    )
    if chance.random() < 0.1:
        row["given"], row["family"] = row["family"], row["given"]
    if chance.random() < 0.3:
        row["mail"] = f"{row['given']}{chance.randrange(1000)}@mail.example"
    if chance.random() < 0.3:
        row["phone"] = f"{chance.randrange(10**7, 10**8)}"
    if chance.random() < 0.1:
        row["organisation"] = ""


def measured(found: Pairs, truth: Pairs, compared: int, begun: float) -> dict[str, Any]:
    cpu = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**score(found, truth), "cpu": cpu, "memory": memory, "compared": compared}


def scan() -> dict[str, Any]:
    from crm.matching.contacts import CONTACTS
    from crm.matching.search import find_pairs

    people, truth = contacts()
    begun = time.process_time()
    table = {name: [(row[name],) if row[name] else () for row in people] for name in CONTACTS.names}
    found = find_pairs(CONTACTS, table)
    pairs = {(pair.left, pair.right) for pair in found.pairs}
    return measured(pairs, truth, found.compared, begun)


def bare() -> dict[str, Any]:
    """Five block keys and the mean likeness of the fields, as one writes it in half an hour."""
    from rapidfuzz.distance import JaroWinkler

    people, truth = contacts()
    begun = time.process_time()
    blocks: dict[tuple[str, ...], list[int]] = {}
    for at, row in enumerate(people):
        for key in (
            ("mail", row["mail"]),
            ("phone", row["phone"]),
            ("names", row["given"], row["family"]),
            ("family", row["given"][:1], row["family"][:5]),
            ("given", row["family"][:1], row["given"], row["city"]),
        ):
            if key[-1]:
                blocks.setdefault(key, []).append(at)
    pairs = set()
    for members in blocks.values():
        if 1 < len(members) <= 60:
            for place, one in enumerate(members):
                for other in members[place + 1 :]:
                    pairs.add((one, other))
    found = set()
    fields = ("given", "family", "organisation", "city", "mail", "phone")
    for one, other in pairs:
        left, right = people[one], people[other]
        alike = [
            JaroWinkler.similarity(left[name], right[name])
            for name in fields
            if left[name] and right[name]
        ]
        if sum(alike) / len(alike) >= 0.88:
            found.add((one, other))
    return measured(found, truth, len(pairs), begun)


ENGINES = {"febrl": febrl, "splink": splink, "scan": scan, "bare": bare}

if __name__ == "__main__":
    sys.exit(main())
