"""The house rules that a linter cannot see, and those that one can, held in one place."""

import ast
import functools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import churnpredict

SOURCE = Path(churnpredict.__file__).parent
ROOT = Path(__file__).parents[1]
MODULES = sorted(SOURCE.rglob("*.py"))
MODULE_LINES, MOST_LINES, FUNCTION_LINES = 330, 550, 60
LISTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["churnpredict"]
LONG = LISTS["long-modules"]  # path -> why
WHY = re.compile(r"\b(long|longer|because|one story|apart from)\b", re.IGNORECASE)


@functools.cache
def tree(path):
    """The syntax tree of a file, parsed once for all rules."""
    return ast.parse(path.read_text())


def functions(path):
    return [node for node in ast.walk(tree(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def body_lines(function):
    """Lines from the first statement after the docstring to the end: documentation is never too long."""
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return function.end_lineno - first.lineno + 1


def without_why(source_tree):
    """Functions that are too long and do not say why."""
    module_why = WHY.search(ast.get_docstring(source_tree) or "")
    found = []
    for node in ast.walk(source_tree):
        if isinstance(node, ast.FunctionDef) and body_lines(node) > FUNCTION_LINES:
            compiled = bool(node.decorator_list) and module_why  # a module of kernels says it once for all
            if not compiled and not WHY.search(ast.get_docstring(node) or ""):
                found.append(node.name)
    return found


def imports(source_tree, modules):
    """The modules of the package that a file imports, inside functions and for typing too."""
    found = set()
    for node in ast.walk(source_tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "churnpredict":
            found |= {f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in modules else node.module for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name in modules}
    return found


def circles(graph):
    """Names that can reach themselves."""
    reached = {name: set(targets) for name, targets in graph.items()}
    for through in graph:
        for targets in reached.values():
            targets.update(reached[through] if through in targets else ())
    return sorted(name for name, targets in reached.items() if name in targets)


def test_no_file_is_in_a_circle():
    names = {".".join(("churnpredict", *path.relative_to(SOURCE).with_suffix("").parts)): path for path in MODULES}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    graph = {name: imports(tree(path), names) & set(names) - {name} for name, path in names.items()}
    assert sum(map(len, graph.values())) > 500, "the imports are there to be seen"
    assert circles({name: targets - {"churnpredict"} for name, targets in graph.items() if name != "churnpredict"}) == []


def test_a_circle_is_noticed():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]
    hidden = ast.parse("def f():\n    from churnpredict.model import split\n")
    assert imports(hidden, {"churnpredict.model.split"}) == {"churnpredict.model.split"}


def test_imports_descend():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def compiled(source_tree):
    """Functions that Numba compiles, by name."""
    ends = ("jit", "_jit", "njit")
    return {
        node.name: node
        for node in ast.walk(source_tree)
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d).split("(")[0].split(".")[-1] in ends for d in node.decorator_list)
    }


def test_compiled_functions_call_those_of_their_own_file():
    """Numba caches by the file of the caller: it would keep old code of a function in another file."""
    kernels = {path: compiled(tree(path)) for path in MODULES}
    names = {name for found in kernels.values() for name in found}
    assert len(names) > 50
    for path, own in kernels.items():
        for name, node in own.items():
            called = {ast.unparse(call.func).split(".")[-1] for call in ast.walk(node) if isinstance(call, ast.Call)}
            assert not (called & names) - own.keys(), f"{path.name}: {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_long_functions_say_why(path):
    assert not without_why(tree(path))


def test_long_modules_stand_on_the_list_with_their_reason():
    lines = {str(path.relative_to(SOURCE)): path.read_text().count("\n") for path in MODULES}
    assert {path for path, n in lines.items() if n > MODULE_LINES} == set(LONG), "split the module, or give a reason in pyproject.toml"
    assert all(len(why.split()) > 3 for why in LONG.values())


def test_slow_tests_are_files_with_their_reason():
    assert [path for path in LISTS["slow-tests"] if not (ROOT / path).is_file()] == []
    assert all(len(why.split()) > 2 for why in LISTS["slow-tests"].values())
    assert 'export CI="${CI:-1}"' in (ROOT / ".ci" / "run").read_text(), "continuous integration runs them"


def test_no_module_is_longer_than_anybody_reads():
    assert {str(path.relative_to(SOURCE)) for path in MODULES if path.read_text().count("\n") > MOST_LINES} == set(), "split it"


def test_a_long_function_without_a_reason_is_noticed():
    body = "\n".join(f"    x = {i}" for i in range(61))
    assert without_why(ast.parse(f'def f():\n    """Do it."""\n{body}\n')) == ["f"]
    assert without_why(ast.parse(f'def f():\n    """Do it. Long because of its table."""\n{body}\n')) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_columns_are_declared_once_at_the_door(path):
    """No ``*_col`` argument anywhere: names of columns are fixed inside."""
    for function in functions(path):
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        assert not [a.arg for a in arguments if re.search(r"_cols?$|_columns?_name$", a.arg)], function.name


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_modules_open_with_a_docstring_and_a_sorted_all(path):
    module = tree(path)
    assert ast.get_docstring(module), "every module says in one line what it is"
    names = next(
        (node.value for node in module.body if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"), None
    )
    if path.name in ("__init__.py", "__main__.py"):
        return
    assert isinstance(names, ast.List), "every module has __all__"
    listed = [e.value for e in names.elts]
    # ruff's order (constants, classes, functions) is held by its rule RUF022; here: nothing twice, and all of it is there
    assert len(listed) == len(set(listed))
    defined = {getattr(node, "name", None) for node in module.body}
    defined |= {getattr(t, "id", None) for node in module.body if isinstance(node, ast.Assign) for t in node.targets}
    defined |= {getattr(node.target, "id", None) for node in module.body if isinstance(node, ast.AnnAssign)}
    imported = {a.asname or a.name for node in module.body if isinstance(node, ast.ImportFrom) for a in node.names}
    assert set(listed) <= defined | imported


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_nothing_is_imported_through_the_public_face(path):
    """Importing one's own package through its ``__init__`` is how circles begin."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.module != "churnpredict" or all(a.name[0].islower() or a.name.startswith("__") for a in node.names), (
                f"line {node.lineno}: import from the module that defines it"
            )
            assert not node.level, f"line {node.lineno}: relative import"


def test_every_module_has_its_tests_under_its_own_path():
    modules = [path.relative_to(SOURCE) for path in MODULES if path.name not in ("__init__.py", "__main__.py")]
    without = [str(m) for m in modules if not (ROOT / "tests" / m.parent / f"test_{m.name}").exists()]
    assert without == [], "write its tests in the file of its own path"


def nothing_tested(source_tree):
    """Test functions in which nothing can fail: no assertion, no refusal that is expected, and no call of a check."""
    for node in ast.walk(source_tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            calls = {ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
            if not any(isinstance(n, ast.Assert) for n in ast.walk(node)) and not calls - {"print", "repr", "str"}:
                yield node.name


def test_no_test_is_empty():
    assert [(path.name, name) for path in sorted((ROOT / "tests").rglob("test_*.py")) for name in nothing_tested(tree(path))] == []
    assert [*nothing_tested(ast.parse("def test_a():\n    pass\ndef test_b():\n    check(1)\n"))] == ["test_a"]


HOMES = {  # what is done in one file only -> that file, and the calls that would do it elsewhere
    "tables are written": ("table_files.py", r"pq\.\w*[wW]rite\w*|(frame|safe|rows|\w+\.table)\.to_(csv|parquet|excel)"),
    "tables are made of others": ("events/tables.py", r"object\.__new__"),
    "files get their names": ("files.py", r"tempfile\.mkstemp"),
}
TYPE_AS_TEXT = re.compile(r"str\((f|item|parameter)\.(type|annotation)\)|__annotations__")


@functools.cache
def calls(source_tree):
    return {ast.unparse(node.func) for node in ast.walk(source_tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("what", HOMES)
def test_what_is_done_in_one_file_is_done_nowhere_else(what):
    home, call = HOMES[what]
    found = {str(path.relative_to(SOURCE)) for path in MODULES if any(re.fullmatch(call, name) for name in calls(tree(path)))}
    assert found == {home}


def test_types_are_not_read_as_text():
    """The text of an annotation is how somebody wrote it; ``typing.get_type_hints`` says what it is."""
    assert [path.name for path in MODULES if TYPE_AS_TEXT.search(path.read_text())] == []
    assert TYPE_AS_TEXT.search("{f.name: str(f.type) for f in fields}")


def test_nothing_imports_what_another_file_keeps_to_itself():
    """A name that begins with an underscore belongs to its file, for tests and benchmarks too."""
    others = [path for folder in ("tests", "benchmarks", "docs", "examples") for path in sorted((ROOT / folder).rglob("*.py"))]
    taken = [
        (path.name, alias.name)
        for path in [*MODULES, *others]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("churnpredict")
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]
    assert taken == []


NAMED_BY_OTHERS = re.compile(r"_repr_\w+_|_asdict|_fields|_make|_replace")  # displays of IPython, methods of named tuples


def own_names(source_tree):
    """Names with an underscore that a file gives to functions, classes, constants and attributes."""
    for node in ast.walk(source_tree):
        name = getattr(node, "name", None) or getattr(node, "attr", None) or getattr(node, "id", "")
        made = isinstance(node, (ast.FunctionDef, ast.ClassDef)) or isinstance(getattr(node, "ctx", None), ast.Store)
        if made and re.match(r"_[a-zA-Z]", name) and not NAMED_BY_OTHERS.fullmatch(name):
            yield name


def reached_for(source_tree, names):
    """Attributes of that name which a file takes from something else, by a dot or by a text as in ``setattr``."""
    for node in ast.walk(source_tree):
        if isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) not in ("self", "cls"):
            yield node.attr
        elif isinstance(node, ast.Call) and re.search(r"(attr|patch|object|attrgetter)$", ast.unparse(node.func)):
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            yield from (part for text in texts for part in text.split(".") if part in names)


def test_tests_use_public_names():
    """What a law plants a fault in has a name of its own; everything else is tested by what it does."""
    names = {name for path in MODULES for name in own_names(tree(path))}
    assert len(names) > 500
    others = [path for folder in ("tests", "benchmarks", "docs", "examples") for path in sorted((ROOT / folder).rglob("*.py"))]
    assert [(path.name, name) for path in others for name in reached_for(tree(path), names)] == []
    kept = {*own_names(ast.parse("class A:\n    def _b(self):\n        self._c = 1\n"))}
    assert kept == {"_b", "_c"}
    assert [*reached_for(ast.parse("a._c; setattr(A, '_b', 1); self._b; a.c"), kept)] == ["_c", "_b"]


def asked_for_their_class(source_tree, classes):
    """Churn rules of which a file asks the class: a rule of the user's own would get another answer."""
    for node in ast.walk(source_tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            named = {
                n.id if isinstance(n, ast.Name) else n.attr for n in ast.walk(node.args[1]) if isinstance(n, (ast.Name, ast.Attribute))
            }
            yield from sorted(named & classes)


def test_no_file_asks_for_the_class_of_a_rule():
    """What a rule can do it says itself (``left_by``, ``visits``, ``contracts``)."""
    classes = {"BaseRule", *churnpredict.rules.__all__}
    assert [(path.name, name) for path in MODULES for name in asked_for_their_class(tree(path), classes)] == []
    assert [*asked_for_their_class(ast.parse("isinstance(churn, (rules.WinBack, Inactivity))"), classes)] == ["Inactivity", "WinBack"]


def test_one_call_looks_upwards_by_name():
    """What contracts and the search for circles cannot see: modules of the package that are looked up by their name."""
    found = {
        str(path.relative_to(SOURCE))
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module"
        for part in ast.walk(node.args[0])
        if (isinstance(part, ast.Constant) and str(part.value).startswith("churnpredict")) or getattr(part, "id", "") == "__name__"
    }
    assert found == {"__init__.py", "pipeline/answers.py"}, "see docs/decisions/0017-one-call-upwards.md"


def quiet_ends(source_tree):
    """Property tests that return where they should use ``assume``: an example that tests nothing would count as one."""
    for node in ast.walk(source_tree):
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d).startswith("given(") for d in node.decorator_list):
            inner = {id(r) for f in ast.walk(node) if isinstance(f, (ast.FunctionDef, ast.Lambda)) and f is not node for r in ast.walk(f)}
            if any(isinstance(r, ast.Return) and id(r) not in inner for r in ast.walk(node)):
                yield node.name


def test_property_tests_assume_and_never_return():
    assert [name for path in sorted((ROOT / "tests").rglob("test_*.py")) for name in quiet_ends(tree(path))] == []
    assert [*quiet_ends(ast.parse("@given(x)\ndef test_a(x):\n    if x:\n        return\n"))] == ["test_a"]
