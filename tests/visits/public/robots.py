"""A robot as mail scanners run them: it opens every link and sends every form just as it stands."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.apps import apps
from django.test import Client

# What a visit of anybody leaves behind: it says nothing about the request.
TRACES = {"crm.RateHit"}
MOST_PAGES = 200


def everything() -> dict[str, list]:
    """Every row of the product's own tables."""
    models = [*apps.get_app_config("crm").get_models(), *apps.get_app_config("visits").get_models()]
    return {
        model._meta.label: list(model.objects.order_by("pk").values_list())
        for model in models
        if model._meta.label not in TRACES
    }


@dataclass
class Form:
    """A form as it was sent to the browser; `values` is what pressing its button would send."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str | None, value: str | None) -> None:
        if name:
            self.values.setdefault(name, []).append(value or "")


class Page(HTMLParser):
    """The links and forms of a page, filled in as browsers fill them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._area = self._select = ""
        self._words: list[str] = []
        self._options: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("action") or "", (given.get("method") or "get").lower())
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "input":
            kind = given.get("type", "text")
            if kind not in ("checkbox", "radio") or "checked" in given:
                usual = "on" if kind in ("checkbox", "radio") else ""
                self._form.add(given.get("name"), given.get("value", usual))
        elif tag == "button":
            self._form.add(given.get("name"), given.get("value", ""))
        elif tag == "textarea":
            self._area, self._words = given.get("name", ""), []
        elif tag == "select":
            self._select, self._options = given.get("name", ""), []
        elif tag == "option":
            self._options.append((given.get("value", ""), "selected" in given))

    def handle_data(self, data):
        if self._area:
            self._words.append(data)

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._form and self._area:
            self._form.add(self._area, "".join(self._words).removeprefix("\n"))
            self._area = ""
        elif tag == "select" and self._form and self._options:
            chosen = [value for value, is_chosen in self._options if is_chosen]
            self._form.add(self._select, (chosen or [self._options[0][0]])[0])


def crawl(link: str) -> tuple[list[str], list[str]]:
    """Open the mailed link and everything it leads to, and send every form found as it stands.

    The paths opened and the forms sent, as "path: status".
    """
    client = Client(enforce_csrf_checks=True)
    # Nothing a robot may break is lost on it: each form is sent in a session of its own.
    waiting, opened, sent = [link], [], []
    while waiting and len(opened) < MOST_PAGES:
        path = waiting.pop(0)
        client.head(path)
        answer = client.get(path, follow=True)
        opened.append(path)
        if "text/html" not in answer["Content-Type"]:
            continue
        here = answer.request["PATH_INFO"]
        page = Page(answer.content.decode())
        targets = [urljoin(here, found).partition("#")[0] for found in page.links]
        targets += [urljoin(here, each.action) for each in page.forms if each.method == "get"]
        waiting += [
            target
            for target in dict.fromkeys(targets)
            if not urlsplit(target).netloc
            and target not in [*opened, *waiting]
            # The same pages in other languages hold the same forms.
            and target.startswith("/en/visit/")
        ]
        for form in page.forms:
            sent += _send(link, here, form)
    return opened, sent


def _send(link: str, here: str, form: Form) -> list[str]:
    """Press the button of a form twice, in a browser that opened the mail's link itself."""
    if form.method != "post":
        return []
    client = Client(enforce_csrf_checks=True)
    client.get(link, follow=True)
    text = client.get(here).content.decode()
    action = urljoin(here, form.action)
    same = [each for each in Page(text).forms if urljoin(here, each.action) == action]
    told = []
    for each in same:
        for _ in range(2):
            answer = client.post(action, each.values)
            told.append(f"{action}: {answer.status_code}")
    return told
