"""Markup in every word a stranger can type: no page runs it, here or at the desk.

Sixty payloads stand in the fields of six requests that came through the public form, and in what a
city types on its private page. A browser then opens the pages that show them; a payload that runs
would set `window.planted`, and the policy would complain about one that tries.
"""

import json
import re

import pytest

pytestmark = pytest.mark.one_database  # What a page escapes does not depend on the database.

SHAPES = (
    '<script>window.planted=1</script>',
    '<img src=x onerror="window.planted=1">',
    '"><svg onload=window.planted=1>',
    "'><body onload=window.planted=1>",
    '<a href="javascript:window.planted=1">x</a>',
    "</title><script>window.planted=1</script>",
    "</textarea><script>window.planted=1</script>",
    '<div hx-get="/" hx-trigger="load" hx-on::load="window.planted=1">x</div>',
    '<p data-hx-on:mouseover="window.planted=1" data-hx-trigger="load">x</p>',
    "{{ 7|add:7 }}{% load static %}",
)  # fmt: skip
# In six dresses: as it is, in capitals, after a line break, in a name, doubled, and cut open.
DRESSES = (
    "{}", "A {} B", "\n{}", "Ann {}", "{}{}", "<{}",
)  # fmt: skip
PAYLOADS = [dress.format(*[shape] * 2) for dress in DRESSES for shape in SHAPES]
PLANT = """
import json
from crm import clock
from visits.domain import verification
from visits.domain.links import make_link, token_of
from visits.domain.letters import draft_letter, send_letter
from visits.domain.own_request import ask_about_data, correct
from visits.models import Campaign
payloads = iter(json.loads(PAYLOADS))
campaign, at, refs, links = Campaign.objects.get(slug="february-2023"), clock.now(), [], []
for number in range(6):
    answers = {
        "country": "BE", "zone": "Europe/Brussels", "language": "en", "mode": "on_site",
        "topics": ["T01"], "wishes": [], "people": 9, "address": f"mark{number}@ghent.example",
        "city": next(payloads), "department": next(payloads), "requester_name": next(payloads),
        "requester_role": next(payloads), "phone": next(payloads)[:60],
        "interpreter": next(payloads)[:60], "secrecy": next(payloads),
        "questions": [next(payloads), next(payloads)], "raw_text": next(payloads),
    }
    pending = verification.submit_form(campaign, answers, language="en", at=at)
    if number == 5:
        links.append("/en/visit/r/" + verification.token_of(pending) + "/")
        continue
    row = verification.verify(pending, at=at)
    refs.append(row.ref)
    links.append("/en/visit/r/" + token_of(make_link(row)) + "/")
    draft_letter(row, "needs_info", at=at)
    ask_about_data(row, "access", text=answers["secrecy"], at=at)
print("PLANTED" + json.dumps({"refs": refs, "links": links}))
"""
DESK = (
    "/", "/requests/", "/plan/", "/visits/", "/mail/", "/people/", "/organisations/", "/figures/",
    "/settings/audit/", "/requests/?q=script", "/search/?q=script",
)  # fmt: skip
PRIVATE = ("", "correct/", "colleague/", "data/", "withdraw/")


def test_nothing_a_stranger_typed_runs_in_anybodys_browser(fresh_site, browser):
    plant = PLANT.replace("PAYLOADS", repr(json.dumps(PAYLOADS)))
    said = fresh_site.installation.manage("shell", "-v", "0", "-c", plant).stdout
    planted = json.loads(re.search(r"PLANTED(.*)", said)[1])
    faults, seen = [], 0

    def look(page, path: str) -> None:
        nonlocal seen
        answer = page.goto(f"{fresh_site.url}{path}")
        seen += page.content().count("window.planted=1")
        if page.evaluate("window.planted"):
            faults.append(f"{path} ran a payload")
        if answer.status >= 500:
            faults.append(f"{path} answered {answer.status}")
        if "default-src 'self'" not in answer.headers.get("content-security-policy", ""):
            faults.append(f"{path} has no policy")

    context = browser.new_context()
    page = context.new_page()
    page.on(
        "console",
        lambda line: "Content Security Policy" in line.text and faults.append(line.text),
    )
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    for link in planted["links"]:
        look(page, link)
        for path in PRIVATE:
            look(page, f"/en/visit/mine/{path}")
    fresh_site.sign_in(page)
    for path in DESK:
        look(page, path)
    for ref in planted["refs"]:
        for step in ("", "answer/", "propose/"):
            look(page, f"/requests/{ref}/{step}")
    mails = page.request.get(f"{fresh_site.url}/mail/").text()
    for path in sorted(set(re.findall(r'href="(/mail/\d+/)"', mails)))[:12]:
        look(page, path)
    context.close()

    assert len(PAYLOADS) == 60
    assert faults == []
    # The pages did show what was planted: as words.
    assert seen > 100
