"""What the process remembers of those who asked it."""

import subprocess
import sys

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
