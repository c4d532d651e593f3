"""What axe finds wrong with a page for those who do not see it, or use no mouse."""

from functools import cache

from playwright.sync_api import Page

from tests.e2e.client import ROOT

_SOURCE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async (rules) => {
  const { violations } = await globalThis.axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
}"""


@cache
def _source() -> str:
    return _SOURCE.read_text()


def problems(page: Page) -> list[str]:
    """The serious and the critical ones, in words; each with its element."""
    page.evaluate(_source())
    found: list[str] = page.evaluate(_RUN, _RULES)
    return found
