"""No click is lost when the server closes the stream of answers at the same moment."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import SLOW_MS
from tests.running_space import RunningSpace

# The end of each stream is held back until another event has joined the queue, as on a slow line or a busy machine.
HOLD_BACK = """(() => {
  const fetched = window.fetch
  let release = () => {}
  window.fetch = async (...request) => {
    const answer = await fetched(...request), url = String(request[0].url ?? request[0])
    if (url.includes('/queue/join')) setTimeout(release, 500)  // the page has read the reply by then
    if (!url.includes('/queue/data')) return answer
    const held = new TransformStream({
      async transform(chunk, out) {
        const end = new TextDecoder('latin1').decode(chunk).indexOf('data: {"msg":"close_stream"')
        if (end < 0) return out.enqueue(chunk)
        out.enqueue(chunk.slice(0, end))
        document.documentElement.dataset.held = 'yes'
        await new Promise(done => { release = done })
        out.enqueue(chunk.slice(end))
      }
    })
    return new Response(answer.body.pipeThrough(held), answer)
  }
})()"""


def test_a_click_is_answered_when_the_stream_closes_at_the_same_moment(chromium: Browser, space: RunningSpace) -> None:
    page = chromium.new_page()
    page.set_default_timeout(SLOW_MS)
    page.add_init_script(HOLD_BACK)
    page.goto(space.url)
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    page.locator("html[data-held]").wait_for()
    page.get_by_role("button", name="Show the day").click()
    expect(page.locator("#day-chart .plot")).to_be_visible()
    page.close()
