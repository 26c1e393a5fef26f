"""Tags and filters every page may use without loading them; see docs/components.md."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.forms import BoundField
from django.forms.widgets import CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language

from crm import icons, marks, wording
from crm.sent_once import FIELD, new_token
from crm.templatetags import composition, lists

register = template.Library()
for library in (composition.register, lists.register):
    register.tags.update(library.tags)
    register.filters.update(library.filters)
THEMES = ("light", "dark")


# Words


@register.simple_tag
def local_time(moment: datetime | None, zone: str) -> str:
    """`{% local_time visit.starts_at visit.zone %}`: "Thu 9 Feb 2023, 09:30 Brussels (CET)"."""
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}" class="time">{}</time>',
        moment.isoformat(),
        wording.local_time(moment, zone),
    )


@register.simple_tag
def time_range(start: datetime | None, end: datetime | None, zone: str) -> str:
    """`{% time_range start end zone %}`: "Thu 9 Feb 2023, 09:30–12:30 Brussels (CET)"."""
    if start is None or end is None:
        return ""
    return format_html(
        '<time datetime="{}" class="time">{}</time>',
        start.isoformat(),
        wording.time_range(start, end, zone),
    )


@register.simple_tag
def clock_time(moment: datetime | None, zone: str) -> str:
    """`{% clock_time moment zone %}`: the time of day alone, "09:30"."""
    return wording.clock_time(moment, zone) if moment else ""


@register.simple_tag
def day(value: date | None, short: bool = False) -> str:
    """`{% day date %}`: "Thu 9 Feb 2023"; `short=True` leaves the year out."""
    if value is None:
        return ""
    text = wording.short_day(value) if short else wording.day(value)
    return format_html('<time datetime="{}" class="time">{}</time>', value.isoformat(), text)


@register.filter
def duration(minutes: int | None) -> str:
    """`{{ request.minutes_left|duration }}`: "6 h 25 min"."""
    return "" if minutes is None else wording.duration(int(minutes))


@register.simple_tag
def country(code: str) -> str:
    """`{% country place.country %}`: the two letters, with the name for whoever asks."""
    if not code:
        return ""
    return _country(code, get_language() or "")


@lru_cache(maxsize=512)
def _country(code: str, language: str) -> str:
    return format_html(
        '<abbr class="country" title="{}">{}</abbr>', wording.country_name(code), code
    )


@register.filter
def country_name(code: str | None) -> str:
    """`{{ place.country|country_name }}`: "Czechia"."""
    return wording.country_name(code) if code else ""


@register.filter
def initials(name: str | None) -> str:
    """`{{ user.name|initials }}`: at most two capitals, "CO"; a bullet for nobody."""
    words = [word for word in str(name or "").replace("-", " ").split() if word[0].isalpha()]
    letters = words[:1] + words[1:][-1:]
    if len(letters) == 1:
        return letters[0][:2].upper()
    return "".join(word[0] for word in letters).upper() or "•"


# Marks


@register.simple_tag
def icon(name: str, label: str = "") -> str:
    """`{% icon "mail" %}`: decoration; with a label it is read aloud."""
    return _icon(name, str(label))


@lru_cache(maxsize=512)
def _icon(name: str, label: str) -> str:
    path = icons.ICONS[name]
    kind = "icon icon-directed" if name in icons.DIRECTED else "icon"
    if label:
        return format_html(
            '<svg class="{}" viewBox="0 0 16 16" role="img" aria-label="{}"><path d="{}"/></svg>',
            kind,
            label,
            path,
        )
    return format_html(
        '<svg class="{}" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>',
        kind,
        path,
    )


@register.simple_tag
def state_pill(state: str, kind: str = "request") -> str:
    """`{% state_pill visit.state "visit" %}`: shape, word and hue; kinds are in crm/marks.py."""
    return _pill(str(state), kind, get_language() or "") if state else ""


@lru_cache(maxsize=2048)
def _pill(state: str, kind: str, language: str) -> str:
    found = marks.mark(state, kind)
    return format_html(
        '<span class="state hue-{}">{}{}</span>',
        found.hue,
        shape(found.shape),
        found.word,
    )


@register.simple_tag
def state_mark(state: str, kind: str = "request") -> str:
    """`{% state_mark request.state %}`: the shape alone, its word read aloud; for narrow rows."""
    return _mark(str(state), kind, get_language() or "") if state else ""


@lru_cache(maxsize=2048)
def _mark(state: str, kind: str, language: str) -> str:
    found = marks.mark(state, kind)
    return format_html(
        '<span class="state-mark hue-{}" title="{}">{}'
        '<span class="visually-hidden">{}</span></span>',
        found.hue,
        found.word,
        shape(found.shape),
        found.word,
    )


@register.filter
def state_word(state: str | None, kind: str = "request") -> str:
    """`{{ visit.state|state_word:"visit" }}`: the word of the pill without its dress."""
    return str(marks.mark(str(state), kind).word) if state else ""


@register.filter
def state_hue(state: str | None, kind: str = "request") -> str:
    """`class="hue-{{ visit.state|state_hue:"visit" }}"`: the colour family of a state."""
    return marks.mark(str(state), kind).hue if state else "grey"


@register.simple_tag
@lru_cache(maxsize=64)
def shape(name: str) -> str:
    """`{% shape "diamond" %}`: a state's shape without word or hue, 12 x 12."""
    return format_html(
        '<svg class="shape" viewBox="0 0 12 12" aria-hidden="true">{}</svg>', shape_parts(name)
    )


@register.simple_tag
@lru_cache(maxsize=64)
def shape_parts(name: str) -> str:
    """What is inside `shape`, for drawings that have their own <svg>."""
    return format_html_join(
        "",
        "<{}{}/>",
        (
            (tag, format_html_join("", ' {}="{}"', attributes.items()))
            for tag, attributes in marks.SHAPES[name]
        ),
    )


# Places and addresses of pages


@register.simple_tag(takes_context=True)
def active_nav(context: Context, path: str) -> str:
    """`<a href="/people/" {% active_nav "/people/" %}>`: marks the part of the site we are in."""
    request: HttpRequest | None = context.get("request")
    here = request.path if request else ""
    is_here = here == path if path == "/" else here.startswith(path)
    return format_html('aria-current="{}"', "page") if is_here else ""


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The colour theme this browser chose: "light", "dark", or "" for the system's."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else context.get("theme", "")
    return chosen if chosen in THEMES else ""


# Forms


@register.simple_tag
def field(bound: BoundField, **options: Any) -> str:
    """`{% field form.email %}`: label, help, error and control, tied together for screen readers.

    Options: label, help, width ("s", "m", "l"), hide_label=True, autofocus=True, and any
    other name as an attribute of the control (`autocomplete="email"`, `rows=3`).
    """
    label = options.pop("label", None) or bound.label
    help_text = options.pop("help", bound.help_text)
    width = options.pop("width", "")
    hide_label = options.pop("hide_label", False)
    attrs = {name.replace("_", "-"): value for name, value in options.items() if value is not None}
    described = [bound.auto_id + "-help"] if help_text else []
    if bound.errors:
        described.append(bound.auto_id + "-error")
        attrs["aria-invalid"] = "true"
    widget = bound.field.widget
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.field.required and isinstance(widget, CheckboxSelectMultiple):
        attrs["required"] = False
    context = {
        "field": bound,
        "label": label,
        "help": help_text,
        "width": width,
        "hide_label": hide_label,
        "control": bound.as_widget(attrs=attrs),
        "is_tick": isinstance(widget, CheckboxInput),
        "is_group": isinstance(widget, RadioSelect | CheckboxSelectMultiple),
    }
    return render_to_string("components/field.html", context)


@register.filter
def all_errors(form: Any) -> list[tuple[str, str, str]]:
    """The faults of a form as (id of the control, label, sentence), for the error summary."""
    found = [("", "", str(error)) for error in form.non_field_errors()]
    for bound in form:
        if bound.is_hidden:
            found.extend(("", str(bound.label), str(error)) for error in bound.errors)
        else:
            target = bound.id_for_label or bound.auto_id
            if isinstance(bound.field.widget, RadioSelect):
                # The group itself takes no focus; its first choice does.
                target = f"{bound.auto_id}_0"
            found.extend((target, str(bound.label), str(error)) for error in bound.errors)
    return found


# Forms


@register.simple_tag
def once() -> str:
    """`{% once %}` in a form that creates: sent twice, it has one effect."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, new_token())


# Toasts


@register.filter
def undo_url(message: Message) -> str:
    """The address behind a message's "undo:/path/" tag; only paths of this site count."""
    for tag in (message.extra_tags or "").split():
        if tag.startswith("undo:/") and not tag.startswith("undo://"):
            return tag.removeprefix("undo:")
    return ""


@register.filter
def saved_draft(message: Message) -> str:
    """The name behind a message's "draft:name" tag: what the browser kept of it is saved now."""
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix("draft:") for tag in tags if tag.startswith("draft:")), "")


@register.filter
def tone(message: Message) -> str:
    """The dress of a message: done, note, warn or fault."""
    return {"success": "done", "warning": "warn", "error": "fault"}.get(message.level_tag, "note")


@register.filter
def of(mapping: Any, key: Any) -> Any:
    """`{{ counts|of:state }}`: the value a mapping holds under a key that is a variable."""
    return mapping.get(key, "") if mapping else ""


@register.filter
def unlocal(value: Any) -> str:
    """A number for an SVG attribute: a point for the decimals whatever the language."""
    return f"{float(value):.3f}".rstrip("0").rstrip(".")
