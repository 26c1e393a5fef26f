"""What desk views say after a verb: a toast that can undo it, or the form's own faults."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from crm import clock
from crm.domain.edits import ChangedMeanwhile
from crm.domain.last_actions import LAST

# How long what was done last can be taken back, in real time.
UNDO_FOR = timedelta(hours=1)


def today(request: HttpRequest) -> date:
    """The domain's day where the person at the desk sits."""
    return clock.now().astimezone(ZoneInfo(request.user.time_zone)).date()


def done(
    request: HttpRequest, sentence: str, *, undo: str = "", kept: Any = None, draft: str = ""
) -> None:
    """A toast that says what happened; `undo` is the address that takes it back.

    Taking it back leads to where it was done, and stays possible from other pages until something
    else is done. `kept` is what the undo needs to know and no address should hold; `kept_for` hands
    it back. `draft` names what the browser kept of the form, which may go now.
    """
    path = undo
    if undo and (here := request.POST.get("next")):
        undo += f"{'&' if '?' in undo else '?'}next={quote(here, safe='/')}"
    tags = {"undo": undo, "draft": draft}
    marks = " ".join(f"{name}:{value}" for name, value in tags.items() if value)
    messages.success(request, sentence, extra_tags=marks)
    if undo:
        said = {"words": sentence, "undo": undo, "at": timezone.now().isoformat()}
        if kept is not None:
            said |= {"path": path, "kept": kept}
        request.session[LAST] = said
    else:
        request.session.pop(LAST, None)


def kept_for(request: HttpRequest, path: str) -> Any:
    """What the last action kept for the undo at `path`; None once something else was done."""
    said = last_action(request)
    return said.get("kept") if said is not None and said.get("path") == path else None


def last_action(request: HttpRequest) -> dict[str, Any] | None:
    """What was done last in this session and how to take it back; None when nothing can be."""
    # Fragments and errors may come without a session.
    said = getattr(request, "session", {}).get(LAST)
    if said is None or datetime.fromisoformat(said["at"]) < timezone.now() - UNDO_FOR:
        return None
    return said


def add_errors(form: Any, error: ValidationError) -> None:
    """Put a verb's sentences beside the fields they speak of, all at once."""
    if hasattr(error, "error_dict"):
        for name, faults in error.error_dict.items():
            form.add_error(name if name in form.fields else None, faults)
    else:
        form.add_error(None, error)


def try_form(request: HttpRequest, form: Any, verb: Callable[..., Any]) -> Any:
    """Run `verb(values, at=…, by=…)` for a form that was sent and is valid.

    The form of a stored row also hands on what its editor saw, as `seen`. Returns the verb's answer
    (True when it has none); None when nothing was sent, and when it was refused or somebody else
    changed the row meanwhile, which the form then tells.
    """
    if request.method != "POST" or not form.is_valid():
        return None
    seen = {"seen": form.cleaned_data["seen"] or None} if form.row is not None else {}
    try:
        answer = verb(form.values, **seen, at=clock.now(), by=request.user)
    except ChangedMeanwhile as change:
        form.show_change(change)
        return None
    except ValidationError as error:
        add_errors(form, error)
        return None
    return True if answer is None else answer
