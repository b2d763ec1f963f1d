"""How the page looks: a theme, a style sheet and a header of our own, with nothing in them that would be fetched from another host."""

from pathlib import Path

import gradio as gr

STYLES = [Path(__file__).parent / name for name in ("style.css", "day/day.css", "london/london.css")]

SIGN_BLUE = gr.themes.Color(
    name="sign",
    c50="#eff6fc",
    c100="#dceaf8",
    c200="#b9d5f1",
    c300="#8ab8e6",
    c400="#5596d8",
    c500="#2877c7",
    c600="#0f5cad",
    c700="#0d4b8d",
    c800="#0e3e72",
    c900="#10345d",
    c950="#0a213d",
)
ASPHALT = gr.themes.Color(
    name="asphalt",
    c50="#f6f7f8",
    c100="#edeff1",
    c200="#dde1e5",
    c300="#c3cad1",
    c400="#96a1ac",
    c500="#68747f",
    c600="#4d5863",
    c700="#39434c",
    c800="#252d35",
    c900="#181e24",
    c950="#0f1418",
)
THEME = gr.themes.Base(
    primary_hue=SIGN_BLUE,
    secondary_hue=SIGN_BLUE,
    neutral_hue=ASPHALT,
    radius_size=gr.themes.sizes.radius_lg,
    text_size=gr.themes.sizes.text_md,
    # Fonts that are there already on Apple, Windows, Android and Linux.
    font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif"],
    font_mono=["ui-monospace", "SFMono-Regular", "Consolas", "Liberation Mono", "monospace"],
).set(
    body_background_fill="*neutral_50",
    body_background_fill_dark="*neutral_950",
    block_background_fill="white",
    block_background_fill_dark="*neutral_900",
    block_border_color="*neutral_200",
    block_border_color_dark="*neutral_800",
    block_label_text_color="*neutral_600",
    block_label_text_color_dark="*neutral_300",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_700",
    button_primary_background_fill_dark="*primary_600",
    button_primary_background_fill_hover_dark="*primary_500",
    button_primary_text_color="white",
    input_border_width="1px",
    input_border_color="*neutral_300",
    input_border_color_dark="*neutral_700",
    input_background_fill="white",
    input_background_fill_dark="*neutral_900",
)

HEADER = """
<header class="masthead">
  <span class="sign" aria-hidden="true">P</span>
  <div>
    <h1>Is the car park full?</h1>
    <p>Ask about one photo, or about a street camera’s whole day.</p>
  </div>
</header>
<div class="bays" aria-hidden="true"></div>
"""

# The tab's icon is the sign of the header, drawn here so that it costs no request.
HEAD = """
<link rel="icon" href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>\
<rect width='32' height='32' rx='7' fill='%230f5cad'/><path d='M11 26V6h7.5a6.5 6.5 0 0 1 0 13H15v7z' fill='white'/>\
<path d='M15 10v5h3.2a2.5 2.5 0 0 0 0-5z' fill='%230f5cad'/></svg>">
<meta name="description" content="Full or empty? A car park classifier with probabilities, for photos and for traffic camera days.">
"""
