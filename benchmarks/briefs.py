"""Briefs beside others that draw the same: `python -m benchmarks.briefs [--json]`.

In one run and in turns: CPU a page, peak memory and size of a brief of six pages drawn by us, by a
bare ReportLab script and by WeasyPrint from HTML, each in a process of its own that is warm (ratios
are of the whole brief, because the others need more or fewer pages); then
a pack of ten visits beside its briefs one by one. WeasyPrint comes with the extra `benchmarks`;
without it its bound is not measured. Exit status 1 when a bound is missed.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

ROUNDS, REPEATS = 3, 8
ENGINES = ("ours", "bare", "weasyprint")
MISSING = (
    "WeasyPrint is not installed, so its bound is not measured: "
    "`pip install -e .[benchmarks]` brings it."
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=[*ENGINES, "pack"], help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(measure(options.engine)))
        return 0
    engines = [e for e in ENGINES if e != "weasyprint" or find_spec("weasyprint")]
    report = compare(engines)
    print(json.dumps(report, indent=1) if options.json else in_words(report))
    return 0 if all(bound["holds"] for bound in report["bounds"].values()) else 1


def compare(engines: list[str]) -> dict[str, Any]:
    """The middle of what each engine needed, and how the bounds stand."""
    runs: dict[str, list[dict[str, float]]] = {engine: [] for engine in [*engines, "pack"]}
    for _ in range(ROUNDS):
        for engine, kept in runs.items():
            kept.append(in_a_process_of_its_own(engine))
    middle = {
        engine: {key: statistics.median(run[key] for run in kept) for key in kept[0]}
        for engine, kept in runs.items()
    }
    ours, pack = middle["ours"], middle["pack"]
    measured = {
        "CPU, to the bare script": (ours["whole_ms"] / middle["bare"]["whole_ms"], 1.5),
        "size of six pages, kB": (ours["bytes"] / 1000, 100),
        "pack of ten, to its briefs": (pack["pack_ms"] / pack["briefs_ms"], 1.2),
    }
    if "weasyprint" in middle:
        ratio = ours["whole_ms"] / middle["weasyprint"]["whole_ms"]
        measured["CPU, to WeasyPrint"] = (ratio, 0.25)
    bounds = {
        name: {"value": round(value, 2), "at_most": most, "holds": value <= most}
        for name, (value, most) in measured.items()
    }
    return {"engines": middle, "bounds": bounds}


def in_a_process_of_its_own(engine: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.briefs", "--engine", engine]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def measure(engine: str) -> dict[str, float]:
    """Milliseconds of CPU a page, peak memory and size, in this process, after one to warm up."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    import django

    django.setup()
    if engine == "pack":
        return measure_pack()
    draw, pages = drawer(engine)
    pdf = draw()
    taken, count = statistics.median(cpu_ms(draw) for _ in range(REPEATS)), pages(pdf)
    return {
        "whole_ms": taken,
        "cpu_ms": taken / count,
        "pages": count,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "bytes": len(pdf),
    }


def cpu_ms(draw: Callable[[], Any]) -> float:
    started = time.process_time()
    draw()
    return 1000 * (time.process_time() - started)


def drawer(engine: str) -> tuple[Callable[[], bytes], Callable[[bytes], int]]:
    """What draws the brief of six pages, and what counts the pages of the result."""
    from io import BytesIO

    from pypdf import PdfReader

    edition = six_pages()

    def count(pdf: bytes) -> int:
        return len(PdfReader(BytesIO(pdf)).pages)

    if engine == "weasyprint":
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration

        from benchmarks.brief_twins import html

        fonts, page = FontConfiguration(), html(edition)

        def by_weasyprint() -> bytes:
            return weasyprint.HTML(string=page).write_pdf(font_config=fonts, pdf_tags=True)

        return by_weasyprint, count
    if engine == "bare":
        from benchmarks.brief_twins import bare

        return lambda: bare(edition), count
    from tests.visits.briefs.editions import IMPRINT
    from visits.briefs.document import render

    return lambda: render(edition, IMPRINT), count


def six_pages() -> Any:
    """An internal edition as full as they get: every kind of block, several times, two scripts."""
    from tests.visits.briefs.editions import ghent, thessaloniki
    from visits.briefs.edition import Prose, Scan

    words = (
        "We would like to talk about the guide on ethics and privacy, about barriers to uptake and "
        "about data of staff. Łucja, Ελένη and Đurđa come with questions of their own. "
    )
    edition = ghent()
    sections = []
    for number in range(5):
        for section in edition.sections:
            said = Prose(words * 3, "quote")
            sections.append(
                replace(section, key=f"{section.key}{number}", blocks=(said, *section.blocks))
            )
    scans = (Scan("place0", "geo:51.05,3.72?q=Testplein%201", "Way there", "Testplein 1"),)
    essentials = (*edition.essentials, *thessaloniki().essentials)
    return replace(edition, sections=tuple(sections[:17]), scans=scans, essentials=essentials)


def measure_pack() -> dict[str, float]:
    """Ten different visits: their briefs one by one, and the pack that holds them all."""
    from tests.visits.briefs.editions import IMPRINT, ghent, trip
    from visits.briefs.document import render
    from visits.briefs.edition import Mark
    from visits.briefs.pack import render_pack

    editions = []
    for number in range(10):
        place = Mark(44.0 + 1.5 * number, 3.0 + 1.7 * number, f"City {number}", "place")
        tour = replace(ghent().tour, marks=(place, *ghent().tour.marks[1:]))
        editions.append(replace(ghent(), ref=f"V{number:02}", city=f"City {number}", tour=tour))
    pack = replace(trip(), briefs=tuple((edition, IMPRINT) for edition in editions))

    def one_by_one() -> None:
        for edition in editions:
            render(edition, IMPRINT)

    one_by_one()
    render_pack(pack)
    pairs = [(cpu_ms(one_by_one), cpu_ms(lambda: render_pack(pack))) for _ in range(REPEATS)]
    return {
        "briefs_ms": statistics.median(pair[0] for pair in pairs),
        "pack_ms": statistics.median(pair[1] for pair in pairs),
    }


def in_words(report: dict[str, Any]) -> str:
    lines = [
        f"{engine:10} {run['cpu_ms']:7.1f} ms a page, {run['memory_mb']:4.0f} MB at most, "
        f"{run['bytes'] / 1000:4.0f} kB, {run['pages']:.0f} pages"
        for engine, run in report["engines"].items()
        if engine != "pack"
    ]
    pack = report["engines"]["pack"]
    lines.append(f"ten briefs {pack['briefs_ms']:.0f} ms, as a pack {pack['pack_ms']:.0f} ms")
    lines += [
        f"{'pass' if bound['holds'] else 'FAIL'}: {name} {bound['value']}, "
        f"at most {bound['at_most']}"
        for name, bound in report["bounds"].items()
    ]
    if "weasyprint" not in report["engines"]:
        lines.append(MISSING)
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
