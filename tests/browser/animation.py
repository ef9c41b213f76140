"""Draws the README's animation from the playground: an answer is lost, the bot is killed, and the
incident is created once. Run it as `python -m tests.browser.animation`; it needs Chromium."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from tests.browser.acting import Desk
from tests.browser.conftest import QUIET, chromium, lists_loaded, running
from tests.world.processes import ROOT

TARGET = ROOT / ".github" / "created-once.webp"
LARGEST_BYTES = 2 * 1024 * 1024
WINDOW: ViewportSize = {"width": 1200, "height": 750}
TITLE = "Checkout is down"
SETTLED_MS = 60_000
CAPTION = """(words) => {
    const caption = document.getElementById("caption") ?? document.createElement("div");
    caption.id = "caption";
    caption.textContent = words;
    Object.assign(caption.style, {position: "fixed", insetInline: "0", bottom: "0", zIndex: "99",
        padding: "11px 20px", background: "#101114", color: "#fff", font: "700 19px/1.3 sans-serif",
        textAlign: "center"});
    document.body.append(caption);
    document.body.style.height = "calc(100vh - 47px)";
    document.getElementById("modal-layer").style.bottom = "47px";
}"""


class Film:
    """Pictures of a page, each with its caption and the milliseconds for which it is shown."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._pictures: list[Image.Image] = []
        self._times: list[int] = []

    def show(self, caption: str, milliseconds: int) -> None:
        """Take a picture."""
        self._page.evaluate(CAPTION, caption)
        self._page.mouse.move(0, 0)
        taken = self._page.screenshot(animations="disabled", scale="css")
        self._pictures.append(Image.open(io.BytesIO(taken)).convert("RGB"))
        self._times.append(milliseconds)

    def save(self, target: Path) -> None:
        """Write an animated WebP that begins again and again."""
        first, *others = self._pictures
        first.save(
            target,
            save_all=True,
            append_images=others,
            duration=self._times,
            loop=0,
            quality=72,
            method=6,
        )


@contextmanager
def opened(url: str) -> Iterator[Page]:
    """Chromium, with the playground's page."""
    with sync_playwright() as playwright:
        path = chromium(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        page = browser.new_page(viewport=WINDOW, reduced_motion="reduce", color_scheme="light")
        page.goto(url)
        yield page
        browser.close()


def play(desk: Desk, film: Film) -> None:
    """Do it, and film it."""
    queued = desk.queued(TITLE)
    desk.ready().go("incidents")
    desk.page.get_by_test_id("guide").locator("summary").click()
    film.show("A Slack channel, the real bot, and a stand-in for Rootly", 1500)
    desk.fault("rootly", "lost")
    film.show("Rootly will create what it gets, and its answer will be lost", 1900)
    desk.composer.fill(f"/incident {TITLE}")
    film.show("Somebody declares an incident", 1300)
    desk.composer.press("Enter")
    desk.pick(severity_id="SEV1")
    film.show("Somebody declares an incident", 1500)
    desk.submit()
    expect(queued).to_have_attribute("data-state", "unconfirmed")
    film.show("The answer is lost: nobody knows whether the incident exists", 2600)
    desk.page.get_by_test_id("kill-bot").click()
    desk.page.get_by_test_id("modal-close").click()
    expect(desk.page.locator("#banner")).to_be_visible()
    film.show("The bot is killed, with kill -9", 2600)
    desk.fault("rootly", "fine")
    expect(desk.page.locator("#banner")).to_be_hidden(timeout=SETTLED_MS)
    expect(queued).to_have_attribute("data-state", "delivered", timeout=SETTLED_MS)
    expect(desk.messages.filter(has_text=TITLE)).to_contain_text("Created in Rootly")
    expect(desk.objects("rootly", TITLE)).to_have_count(1)
    film.show("It starts again, looks for the incident and finds it: created, once", 4600)


def main() -> int:
    """Play, and write the animation. 1 if it is too large for a README."""
    with running(ROOT) as playground:
        lists_loaded(playground)
        with opened(playground.url) as page:
            film = Film(page)
            play(Desk(page), film)
    film.save(TARGET)
    size = TARGET.stat().st_size
    sys.stdout.write(f"{os.path.relpath(TARGET)}: {size // 1024} KiB\n")
    return 0 if size < LARGEST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
