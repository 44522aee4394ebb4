"""Settings of Sphinx for these pages: ``make docs``. Nothing is executed here but the imports behind the reference."""

from __future__ import annotations

import re
import shutil
import sys
from html import escape
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

import make_reference  # noqa: E402
import page_parts  # noqa: E402
from docutils import nodes  # noqa: E402
from latex2mathml.converter import convert  # noqa: E402

import churnpredict  # noqa: E402

project = "churnpredict"
author = "The churnpredict developers"
copyright = author
release = version = churnpredict.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb", "sphinx_copybutton"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

nb_execution_mode = "off"  # outputs are committed; tests execute the notebooks
nb_merge_streams = True
suppress_warnings = ["misc.highlighting_failure"]  # cells that call the command line begin with an exclamation mark, which is not a Python
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # the docstrings tell types, with shapes
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
napoleon_google_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]  # otherwise names that end in _ lose it
napoleon_use_rtype = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_math_renderer = "mathml"  # browsers draw it themselves: no page asks another host for anything

html_theme = "pydata_sphinx_theme"
html_title = "churnpredict"
html_logo = html_favicon = "_static/logo.svg"
DESCRIPTION = "Which customers will leave, why, what it costs, and whom to call: churn prediction in Python from raw event tables."
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 9,
    "logo": {"text": f"churnpredict {version}", "alt_text": "churnpredict, to the first page"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "navigation_with_keys": False,
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "gallery": [], "start/index": [], "benchmarks/index": []}


def skip(app: Any, what: str, name: str, thing: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out what scikit-learn adds to every estimator for its metadata routing."""
    return True if name.startswith("set_") and name.endswith("_request") else None


def keep_colon(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Napoleon takes what stands before a colon in a property's first line for its type."""
    if what in ("property", "attribute") and lines:
        lines[0] = lines[0].replace(": ", " \N{EN DASH} ", 1)


def trim(app: Any, page: Any) -> None:
    """Take away the empty line that doctest wants at the end of a block in Markdown; keep numbers and their per-cent sign on one line."""
    for block in page.findall(nodes.literal_block):
        text = block.astext().rstrip()
        block.clear()
        block.append(nodes.Text(text))
        block.rawsource = text  # where both differ, Sphinx takes the block for a parsed literal: no colours, no copy button
    for words in list(page.findall(nodes.Text)):
        if words.parent is not None and not isinstance(words.parent, (nodes.literal, nodes.literal_block, nodes.raw, nodes.comment)):
            kept = re.sub(r"(?<=\d) (?=%)", "\u00a0", words)
            if kept != words:
                words.parent.replace(words, nodes.Text(kept))


def describe(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Say to those who link a page what it is about."""
    title = f"churnpredict: {context.get('title') or 'documentation'}"
    tags = [("name", "description", DESCRIPTION), ("property", "og:title", title), ("property", "og:description", DESCRIPTION)]
    context["metatags"] = context.get("metatags", "") + "".join(f'<meta {k}="{n}" content="{escape(v, quote=True)}">' for k, n, v in tags)


def math(display: str) -> Any:
    """Return formulas become MathML."""

    def visit(writer: Any, node: Any) -> None:
        writer.body.append(convert(node.astext(), display=display))
        raise nodes.SkipNode

    return visit, None


def setup(app: Any) -> None:
    """Write the pages of the reference, and bring the notebooks under the folder that Sphinx reads."""
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", keep_colon, priority=400)  # before napoleon
    app.connect("doctree-read", trim)
    app.connect("html-page-context", describe)
    app.add_directive("cards", page_parts.Cards)
    app.connect("html-page-context", page_parts.finish_page)
    make_reference.write(HERE / "reference")
    app.add_html_math_renderer("mathml", inline_renderers=math("inline"), block_renderers=math("block"))
    folder = HERE / "notebooks"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.ipynb"):
        old.unlink()
    for notebook in sorted((HERE.parent / "notebooks").glob("[0-9]*.ipynb")):
        shutil.copy2(notebook, folder)
