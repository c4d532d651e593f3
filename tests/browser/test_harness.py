"""That what the other tests here rely on tells what is wrong."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext

from tests.browser.axe import problems
from tests.browser.watched import Watched, until
from tests.e2e.client import Mesh

_RENDERER = """() => {
  const gl = document.createElement("canvas").getContext("webgl2");
  return gl.getParameter(gl.getExtension("WEBGL_debug_renderer_info").UNMASKED_RENDERER_WEBGL);
}"""


def test_the_browser_draws_in_webgl_without_a_screen(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    assert "SwiftShader" in page.evaluate(_RENDERER)


def test_what_goes_wrong_is_seen(new_context: Callable[..., BrowserContext], watched: Watched, mesh: Mesh) -> None:
    page = new_context().new_page()
    page.goto(mesh.url)
    for script in (
        "console.error('said')",
        "setTimeout(() => { throw new Error('thrown') })",
        "alert('asked')",
        "fetch('/api/nothing').catch(() => 0)",
        "fetch('http://127.0.0.1:1/').catch(() => 0)",
        "document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))",
    ):
        page.evaluate(f"() => {{ {script} }}")
    seen = (
        "console: said",
        "uncaught: Error: thrown",
        "dialog: asked",
        "/api/nothing 404",
        "127.0.0.1:1/",
        "script-src",
    )
    for one in seen:
        until(page, lambda one=one: any(one in wrong for wrong in watched.wrong), one)
    watched.expect(*map(str, seen))


def test_what_hinders_people_is_found(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'><button></button></main>")
    assert {problem.partition(":")[0] for problem in problems(page)} >= {"image-alt", "button-name"}
