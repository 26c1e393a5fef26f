"""Words of a brief on a page: addresses in them can be followed, long words can be broken."""

from django import template
from django.utils.html import format_html, format_html_join

from visits.briefs.links import links_in

register = template.Library()

# Words longer than this break within, so that no table grows out of its page.
LONGEST_WORD = 24


@register.filter
def with_links(value: str) -> str:
    """The words with their mail, phone and web addresses as links, as in the printed edition."""
    parts: list[tuple[str, str]] = []
    at = 0
    for link in links_in(value):
        words = value[link.start : link.end]
        anchor = format_html('<a href="{}" rel="noreferrer">{}</a>', link.target, words)
        parts.append((value[at : link.start], anchor))
        at = link.end
    return format_html_join("", "{}{}", [*parts, (value[at:], "")])


@register.filter
def has_long_word(value: str) -> bool:
    return any(len(word) > LONGEST_WORD for word in value.split())
