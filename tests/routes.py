"""The addresses of the site, read from its URL configuration."""

from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Route:
    """A named address and the names of its arguments."""

    name: str
    arguments: tuple[str, ...]


def routes(
    resolver: URLResolver | None = None, namespace: str = "", arguments: tuple[str, ...] = ()
) -> list[Route]:
    """Every named route of the site with its namespace."""
    found: list[Route] = []
    for each in (resolver or get_resolver()).url_patterns:
        own = (*arguments, *each.pattern.converters, *each.pattern.regex.groupindex)
        if isinstance(each, URLPattern):
            found.append(Route(f"{namespace}{each.name}", tuple(dict.fromkeys(own))))
        else:
            inner = f"{each.namespace}:" if each.namespace else ""
            found += routes(each, namespace + inner, own)
    # The admin's own catch-all has no name, and shows nothing but a 404 or its sign-in.
    return [route for route in found if route.name != "admin:None"]
