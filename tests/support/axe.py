"""What axe-core says against a page in a browser."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Reading the program costs as much as a look with it, so a page reads it once; and the list of
# what passed, longer than all else, stays in the browser.
LOOK = "options => axe.run(document, options).then(found => found.violations)"


def violations(page: Page, rules: list[str] | None = None) -> list[dict[str, Any]]:
    """The rules that the page breaks, each with its `id` and the `nodes` that break it.

    All rules are asked, or those with one of the tags in `rules`.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    return page.evaluate(LOOK, options | ({"runOnly": rules} if rules else {}))
