"""No click is lost and no answer written over by how Gradio's stream of answers begins, ends and repeats itself."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import HOLD_BACK, SLOW_MS, show_day
from tests.running_space import RunningSpace

# The completion of an event that was answered bit by bit comes when `complete` is called, as late as from a busy server.
COMPLETE_LATE = """(() => {
  const fetched = window.fetch, partly = new Set()
  let late = '', latest
  window.complete = async () => {
    for (;;) {
      try { return latest.enqueue(late) } catch {}  // a stream has closed, and the next is not open
      await new Promise(done => setTimeout(done, 20))
    }
  }
  window.fetch = async (...request) => {
    const answer = await fetched(...request)
    if (!String(request[0].url ?? request[0]).includes('/queue/data')) return answer
    let rest = ''
    const held = new TransformStream({
      start(out) { latest = out },
      transform(text, out) {
        const messages = (rest + text).split('\\n\\n')
        rest = messages.pop()
        for (const message of messages.map(one => one + '\\n\\n')) {
          const { msg, event_id } = JSON.parse(message.slice('data: '.length))
          if (msg === 'process_generating') partly.add(event_id)
          if (msg === 'process_completed' && partly.delete(event_id)) late += message
          else out.enqueue(message)
        }
      }
    })
    const body = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(held).pipeThrough(new TextEncoderStream())
    return new Response(body, answer)
  }
})()"""


def open_page_on_slow_line(chromium: Browser, space: RunningSpace, script: str) -> Page:
    page = chromium.new_page()
    page.set_default_timeout(SLOW_MS)
    page.add_init_script(script)
    page.goto(space.url)
    return page


def test_a_click_is_answered_when_the_stream_closes_at_the_same_moment(chromium: Browser, space: RunningSpace) -> None:
    page = open_page_on_slow_line(chromium, space, HOLD_BACK)
    page.get_by_role("tab", name="Camera day").click()
    expect(page.get_by_role("button", name="Show the day")).to_be_enabled()
    page.locator("html[data-held]").wait_for()
    page.get_by_role("button", name="Show the day").click()
    expect(page.locator("#day-chart .plot")).to_be_visible()
    page.close()


def test_a_second_day_stays_when_the_first_is_completed_after_it(chromium: Browser, space: RunningSpace) -> None:
    page = open_page_on_slow_line(chromium, space, COMPLETE_LATE)
    show_day(page)
    page.get_by_text("Compare with another day or camera").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#day-chart .strip")).to_have_count(2)
    page.evaluate("complete()")
    page.wait_for_timeout(500)  # the page has drawn what it was told
    assert page.locator("#day-chart .strip").count() == 2
    page.close()
