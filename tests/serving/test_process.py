"""What the process remembers of those who asked it."""

import subprocess
import sys

from serving.process import unchanged_file_mappings

# In a process of its own: Gradio leaves its event loops open.
ASK_AND_COUNT = """
import time
from functools import partial
import gradio as gr, requests
from starlette.middleware import Middleware
from serving.gate import Gate
from serving.process import forget_call, share_cores

def shout(words: str) -> str:
    return words.upper()

share_cores()
with gr.Blocks(analytics_enabled=False) as page:
    heard, found = gr.Textbox(), gr.Textbox()
    heard.submit(shout, heard, found, api_name="shout")
middleware = [Middleware(Gate, lambda scope: "", count_waiting=lambda visitor: 0, forget=partial(forget_call, page))]
_, url, _ = page.launch(app_kwargs={"middleware": middleware}, prevent_thread_lock=True, quiet=True, ssr_mode=False)
before = set(page.state_holder.session_data)
for route, body in (("call", {"data": ["full"]}), ("call/v2", {"words": "full"})):
    event = requests.post(f"{url}gradio_api/{route}/shout", json=body, timeout=30).json()["event_id"]
    print("FULL" in requests.get(f"{url}gradio_api/{route}/shout/{event}", timeout=30).text)
give_up_at = time.monotonic() + 20  # an answer is with its caller a moment before the server is done with it
while set(page.state_holder.session_data) != before and time.monotonic() < give_up_at:
    time.sleep(0.05)
print(set(page.state_holder.session_data) == before and set(page.state_holder.time_last_used) <= before)
page.close()
"""


def test_a_call_to_the_api_is_forgotten_once_it_has_its_answer() -> None:
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", ASK_AND_COUNT], capture_output=True, text=True, timeout=120, check=True)
    assert found.stdout.split()[:3] == ["True", "True", "True"], found.stdout


SMAPS = """\
7f01a000-7f01b000 r-xp 00001000 fe:00 123 /usr/lib/libcudart.so.13
Rss:                   4 kB
Anonymous:             0 kB
7f01b000-7f01c000 r--p 00002000 fe:00 123 /usr/lib/libcudart.so.13
Rss:                   4 kB
Anonymous:             4 kB
7f01c000-7f01d000 rw-p 00003000 fe:00 123 /usr/lib/libcudart.so.13
Anonymous:             0 kB
7f01d000-7f01e000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f01e000-7f01f000 r--s 00000000 fe:00 124 /a file/with spaces
Anonymous:             0 kB
7f020000-7f021000 r--p 00000000 fe:00 125 /usr/lib/libc.so.6
Anonymous:             0 kB
VmFlags: rd mr mw me
"""


def test_only_pages_that_are_still_as_in_their_file_go_back() -> None:
    assert list(unchanged_file_mappings(SMAPS)) == [(0x7F01A000, 0x7F01B000), (0x7F020000, 0x7F021000)]
