"""What the desk's tests share: posting like a browser, and the sentence a refusal leaves."""

from django.urls import reverse

from tests.factories.crm import MailTemplateFactory
from visits.models import Visit


def go(client, name, /, *args, **query):
    """GET a page of the desk by its name."""
    return client.get(reverse(f"visits:{name}", args=args), query)


def do(client, name, /, *args, **fields):
    """POST to a page of the desk and follow where it leads."""
    return client.post(reverse(f"visits:{name}", args=args), fields, follow=True)


def change_visit(client, ref, **fields):
    """Change an agreed visit as the page has it done: look at what it means, then say yes."""
    now = Visit.objects.select_related("host").get(ref=ref)
    fields = {"host": now.host.ref, "mode": now.mode} | fields
    shown = do(client, "visit-postpone", ref, check="1", **fields)
    move = shown.context.get("move")
    told = {"looked": move.key, "seen": shown.context["visit"].version} if move else {}
    return do(client, "visit-postpone", ref, **told, **fields)


def said(answer):
    """The toasts of the page an action ended on, as plain sentences."""
    return [str(message) for message in answer.context["messages"]]


def refused(answer):
    """Every fault of the page's form, as plain sentences."""
    form = answer.context["form"]
    return [str(each) for faults in form.errors.values() for each in faults]


def template(key, **values):
    return MailTemplateFactory(key=key, **values)


def read_tray(client, version):
    """What the tray of a plan version says, read as its page reads it in a browser: what is open is
    asked for. Reason and smallest change by reference."""
    page = go(client, "plan-version", version.number)
    for row in page.context["unplaced"]:
        if hasattr(row, "ask"):
            assert client.post(row.ask).status_code == 200
    rows = version.unplaced.select_related("request")
    return {row.request.ref: (row.reason, row.would_fit_if) for row in rows}
