"""How a page looks to people: in every size and colour scheme, and what axe-core finds there."""

from collections.abc import Iterator
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (390, 800, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def looks(page: Page) -> Iterator[str]:
    """Put the page into each width and colour scheme; yield the name of each."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            yield f"{width}-{scheme}"
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 1440, "height": 900})


def found(page: Page) -> set[str]:
    """Return what axe-core objects to, of any severity: the rule and the element."""
    return {
        f"{rule['id']} ({rule['impact']}): {' '.join(map(str, node['target']))}: {node['html'][:90]}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
    }


def objections(page: Page) -> dict[str, set[str]]:
    """Return the same in each look in which there is any."""
    everything = {look: found(page) for look in looks(page)}
    return {look: objected for look, objected in everything.items() if objected}
