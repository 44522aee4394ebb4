"""Check the language of the project: docs, docstrings, messages, help texts, comments, notebooks and the changelog.

python docs/prose.py [path ...]

Each hit is printed as file:line, the words, the rule and what to write instead; the exit code is 1 if there is any. The rules are in
docs/prose.toml. Typing errors are left to codespell, the mood of a docstring's verb to ruff (D401). No linter on PyPI takes such rules and
reads strings of Python: proselint has fixed rules, and the package of Vale downloads a program when it first runs.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WHERE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "Makefile", "docs", "changelog.d", "notebooks", "src")
GENERATED = (
    "docs/errors.md",
    "docs/bad-inputs.md",
    "docs/features.md",
    "docs/_build",
)  # made from texts that are checked where they are written
QUOTES = ("docs/prose.toml",)  # lists the words that are not used
TRANSLATIONS = ("src/churnpredict/explanation/languages.py",)

# First words of a docstring that begins with a thing or a clause, and not with a verb.
NO_VERB = re.compile(
    r"(a|all|an|any|as|at|both|by|each|every|for|from|how|if|in|it|its|many|no|none|of|on|one|only|other|same|some|such|that|the|their|there|"
    r"these|they|this|those|until|what|when|where|whether|which|while|who|whose|why|with|without)\b",
    re.IGNORECASE,
)
# First words of a module's docstring that ask a question instead of naming a thing or what is done.
QUESTION = re.compile(r"(from .+ to|how|what|when|where|whether|which|who|whom|whose|why)\b", re.IGNORECASE)
SECTION = re.compile(r"(Parameters|Returns|Raises|Yields|Attributes|Examples|Notes|Warns|References|See Also|-+)$")
NOT_PROSE = re.compile(r"^\s*[<{]|\w\*\s|\|\w|\{--|\\b|\)\?")  # markup, word lists, style sheets, patterns
SQL = re.compile(r"\b(SELECT|INSERT INTO|CREATE|DROP|DELETE FROM|COPY|ATTACH|WITH \w+ AS|PRAGMA|SET [a-z_]+)\b")
CODE = re.compile(
    r"!\[[^\]]*\]\([^)]*\)|``.+?``|`[^`]+`|\$[^$]+\$|:\w+:`[^`]+`|https?://\S+|\[[^\[\]]*\]\(https?://[^)]+\)|<[^<>\s][^<>]*>|\"[^\"\n]{1,60}\"",
    re.S,
)


class Piece(NamedTuple):
    """A stretch of prose: where it begins, what it is, and its text.

    Kinds are "docs", "heading", "docstring", "verb" and "module" (the first paragraph of a function and of a module), "message" and
    "comment".
    """

    line: int
    kind: str
    text: str


class Hit(NamedTuple):
    """What breaks a rule: the line, the rule, the words, and the advice."""

    line: int
    rule: str
    words: str
    advice: str


@cache
def rules() -> tuple[dict[str, int], list[tuple[str, re.Pattern[str], str]]]:
    """Return the limits, and the patterns with the name of their rule and their advice."""
    table = tomllib.loads((ROOT / "docs" / "prose.toml").read_text(encoding="utf-8"))
    patterns = [
        (name, re.compile(rf"(?<![\w.`[-])(?:{pattern})(?![\w`-]|\.\w)", re.IGNORECASE), advice)
        for name in table
        if name != "limits"
        for pattern, advice in table[name].items()
    ]
    return table["limits"], patterns


@cache
def quick() -> re.Pattern[str]:
    """Return all patterns as one: most pieces match none, and are done."""
    return re.compile("|".join(pattern.pattern for _, pattern, _ in rules()[1]), re.IGNORECASE)


def check(piece: Piece) -> Iterator[Hit]:
    """Yield every rule that a piece of prose breaks, on the line where it does."""
    limits, patterns = rules()
    text = CODE.sub(lambda m: "X" + "\n" * m.group().count("\n"), piece.text)

    def line_of(place: int) -> int:
        return piece.line + text[:place].count("\n")

    if quick().search(text):
        for rule, pattern, advice in patterns:
            for m in pattern.finditer(text):
                yield Hit(line_of(m.start()), rule, m.group(), advice)
    for m in re.finditer(r"(?:^|[.:;]\s+)(Who(?:se)?) (?=[^.?]*\.)", text):
        if piece.kind not in {"comment", "heading"}:
            yield Hit(line_of(m.start(1)), "bare who", m.group(1), '"Customers who ...", "Those who ..."')
    for m in re.finditer(r"[a-z]{2}!(?=\s|$)", text):
        yield Hit(line_of(m.start()), "exclamation", m.group(), "end with a full stop")
    if piece.kind == "heading":
        if len(text.split()) > limits["heading"]:
            yield Hit(piece.line, "heading", text[:60], f"name the subject in at most {limits['heading']} words")
        return
    if piece.kind == "verb" and NO_VERB.match(piece.text.strip()):
        yield Hit(piece.line, "verb first", " ".join(piece.text.split()[:5]), 'begin with a verb: "Return ...", "Write ...", "Raise ..."')
    if piece.kind == "module" and QUESTION.match(piece.text.strip()):
        yield Hit(piece.line, "module", " ".join(piece.text.split()[:5]), "name what is in it, or begin with a verb")
    place = 0
    for sentence in re.split(r"(?<=[.?!:;])\s+(?=\S)", text):
        n = len(re.findall(r"[A-Za-z][\w'-]*", sentence))
        if n > limits["words"]:
            yield Hit(
                line_of(text.find(sentence, place)), "length", f"{n} words: {' '.join(sentence.split())[:60]}", "make two sentences of it"
            )
        place += len(sentence)


def _paragraphs(text: str, line: int) -> Iterator[tuple[int, str]]:
    """Yield each paragraph of a docstring that is prose, with its line: no examples, no literal blocks, no types of parameters."""
    block: list[str] = []
    begin, literal = line, False
    for i, raw in enumerate([*text.split("\n"), ""]):
        stripped = raw.strip()
        typed = re.match(r"\*{0,2}[\w.]+(, \*{0,2}[\w.]+)* : \S", stripped)
        if stripped and not typed and not SECTION.match(stripped):
            if not block:
                begin = line + i
            block.append(raw)
            continue
        if block:
            joined = "\n".join(block)
            first = block[0].strip()
            if not (literal and block[0].startswith("    ")) and not first.startswith((">>>", "...", ".. ", "|")):
                yield begin, joined
            literal = first.endswith("::") or joined.rstrip().endswith("::")
        block = []


def _docstring(node: ast.AST) -> ast.Constant | None:
    """Return the docstring of a module, class or function; None for other nodes."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or not node.body:
        return None
    first = node.body[0]
    found = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return first.value if found else None  # type: ignore[union-attr, return-value]


def _docstrings(tree: ast.AST) -> Iterator[Piece]:
    """Yield the paragraphs of all docstrings; the first one of a function must begin with a verb, that of a module names a thing."""
    for node in ast.walk(tree):
        text = _docstring(node)
        if text is not None:
            decorators = " ".join(ast.unparse(d) for d in getattr(node, "decorator_list", []))
            does = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "property" not in decorators
            for line, part in _paragraphs(str(text.value), text.lineno):
                kind = "verb" if does else "module" if isinstance(node, ast.Module) else "docstring"
                yield Piece(line, kind if line == text.lineno else "docstring", part)


def _messages(tree: ast.AST) -> Iterator[Piece]:
    """Yield strings of at least four words: messages, help texts and the like; X stands for the fields of an f-string."""
    done = {id(_docstring(node)) for node in ast.walk(tree)}
    done |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if id(node) in done or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in parts)
        if len(re.findall(r"[A-Za-z]{2,}", text)) > 3 and not SQL.search(text) and not NOT_PROSE.search(text):
            yield Piece(node.lineno, "message", text.replace("\n", " "))


def of_python(text: str, *, messages: bool = True) -> Iterator[Piece]:
    """Yield docstrings, strings of several words and comments of a module."""
    tree = ast.parse(text)
    yield from _docstrings(tree)
    if messages:
        yield from _messages(tree)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not re.match(r"#\s*(noqa|type:|fmt:|pragma|pyright|nosec|!)", token.string):
            yield Piece(token.start[0], "comment", re.sub(r"\s#\s*(noqa|type:).*", "", token.string.lstrip("#: ")))


def of_markdown(text: str) -> Iterator[Piece]:
    """Yield headings, paragraphs, list items and cells of tables, without code blocks and quotations."""
    fence, block, begin = "", [], 1
    for i, raw in enumerate([*text.split("\n"), ""], 1):
        line = raw.strip()
        mark = re.match(r"(`{3,}|~{3,}|:{3,}|\${2})", line)
        if mark and (not fence or line.startswith(fence)):
            fence = "" if fence and line.startswith(fence) else mark.group() if not line.endswith(mark.group() * 2) else ""
            line = ""
        elif fence or line.startswith(("<", "|--", ">", "%", "(")) or re.match(r"[\w-]+: \S*$|---$|\[[\w-]+\]:", line):
            line = ""
        ends = not line or line.startswith(("#", "|", "- ", "* ")) or re.match(r"\d+\. ", line)
        if ends and block:
            yield Piece(begin, "docs", "\n".join(block))
            block = []
        if line.startswith("#"):
            yield Piece(i, "heading", line.lstrip("# "))
        elif line.startswith("|"):
            yield from (Piece(i, "docs", cell.strip()) for cell in line.strip("|").split("|") if cell.strip(" -:"))
        elif line:
            begin = begin if block else i
            block.append(re.sub(r"^([-*]|\d+\.) ", "", line))


def of_notebook(text: str) -> Iterator[Piece]:
    """Yield the prose of the text cells of a notebook; lines are those of the file."""
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and source:
            first = json.dumps(cell["source"][0] if isinstance(cell["source"], list) else source, ensure_ascii=False)[1:-1]
            line = text[: max(text.find(first), 0)].count("\n") + 1
            yield from (piece._replace(line=line + piece.line - 1) for piece in of_markdown(source))


def of_comments(text: str) -> Iterator[Piece]:
    """Yield the comments of a Makefile or of TOML."""
    for i, line in enumerate(text.split("\n"), 1):
        m = re.search(r"(?:^|\s)#+\s+([A-Za-z].*)", line)
        if m:
            yield Piece(i, "comment", m.group(1))


def pieces(path: Path) -> Iterable[Piece]:
    """Return the prose of a file, by its kind."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return of_python(text, messages=not path.as_posix().endswith(TRANSLATIONS))
    if path.suffix == ".md":
        return of_markdown(text)
    if path.suffix == ".ipynb":
        return of_notebook(text)
    return of_comments(text)


def files(where: Iterable[Path]) -> Iterator[Path]:
    """Yield the files with prose under some paths, without those that are generated."""
    for top in where:
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
            known = path.suffix in {".py", ".md", ".ipynb", ".toml"} or path.name == "Makefile"
            if known and path.is_file() and not name.startswith((*GENERATED, *QUOTES)) and ".ipynb_checkpoints" not in name:
                yield path


def main(arguments: list[str]) -> int:
    """Print every hit under the paths; return 1 if there is any, else 0."""
    found = 0
    for path in files([Path(a).resolve() for a in arguments] or [ROOT / w for w in WHERE]):
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        for hit in sorted({h for piece in pieces(path) for h in check(piece)}):
            print(f'{name}:{hit.line}: {hit.rule}: "{hit.words}": {hit.advice}')
            found += 1
    if found:
        print(f"{found} sentences to mend. The rules are in docs/prose.toml.")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
