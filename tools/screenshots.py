"""Take every page of the sample organisation, wide and narrow, light and dark: python tools/screenshots.py FOLDER.

The steward's view of the first release in the queue, wide and light, is the README's picture (release.png).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402 the checkout first

from tests.browser.places import View, views  # noqa: E402
from tests.browser.seeing import open_as  # noqa: E402
from tests.running import CHROMIUM_FLAGS, Server, chromium, demo, load_demo  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZES = {"wide": (1440, 900), "narrow": (400, 850)}
SCHEMES = ("light", "dark")


def take(browser: Browser, server: Server, view: View, size: str, scheme: str) -> bytes:
    """Return the whole page as PNG."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        open_as(page, server, view.person, view.url, **view.query)
        page.wait_for_timeout(2500)  # charts draw after the script has ended
        tall = page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 900")
        page.set_viewport_size({"width": width, "height": min(max(int(tall) + 80, height), 9000)})
        page.wait_for_timeout(1200)
        return page.screenshot()
    finally:
        page.close()


def main() -> None:
    """Write NAME-SIZE-SCHEME.png for each page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="page whose name starts so")
    parser.add_argument("--readme", action="store_true", help="only the README's picture")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        home = load_demo(Path(folder) / "home")
        with demo(home) as server:
            chosen = [view for view in views(home) if view.name.startswith(options.only)]
            if options.readme:
                _readme(browser, server, chosen, options.folder)
            else:
                _all(browser, server, chosen, options.folder)


def _all(browser: Browser, server: Server, chosen: list[View], folder: Path) -> None:
    for view in chosen:
        for size in SIZES:
            for scheme in SCHEMES:
                target = folder / f"{view.name}-{size}-{scheme}.png"
                target.write_bytes(take(browser, server, view, size, scheme))
                print(target, flush=True)


def _readme(browser: Browser, server: Server, chosen: list[View], folder: Path) -> None:
    view = next(view for view in chosen if view.name == "release")
    page = browser.new_page(viewport={"width": 1440, "height": 1300})
    open_as(page, server, view.person, view.url, **view.query)
    page.wait_for_timeout(3000)
    page.screenshot(path=folder / "release.png")
    print(folder / "release.png")


if __name__ == "__main__":
    main()
