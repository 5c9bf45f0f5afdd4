"""The messages of the errors that the program raises, read from its source; what varies in a message is shown as …."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

from tests.unit.stack_files import PROJECT

VARYING = "…"
COLOUR = re.compile(r"\[(?:red|green|dim|/)\]")
FIELD = re.compile(r"\{\w*\}")
# Only a mistake in the program itself raises these: nothing that a person writes or runs can cause or mend them.
DEFECTS = frozenset({"AssertionError", "KeyError", "TypeError"})
# How errors leave plugins, whose protocols have them in answers, and parsers of command lines.
ABORTING = frozenset({"abort", "_abort", "error", "fail"})
ERROR_KEYWORDS = frozenset({"error", "failure", "reason"})
WRITING = frozenset({"stderr_console.print", "sys.stderr.write"})
FAILING = frozenset({"return False", "return 1", "raise typer.Exit(1)", "sys.exit(1)"})
# Methods whose arguments are not part of the text that they return.
CUTTING = frozenset({"get", "removeprefix", "removesuffix", "replace", "split", "strip"})
SHELL_MESSAGE = r"""\b(%s) (?:'([^']+)'|"((?:[^"\\]|\\.)+)")(.*)"""
SHELL_FUNCTION = re.compile(r"^(\w+)\(\) \{\n(.*?)^\}", re.M | re.S)
SHELL_VARIABLE = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)|\$[\w*@]+|%s|\\n")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Message:
    """The text of an error, and the file of the project that it is written in."""

    file: str
    text: str


def normal(text: str) -> str:
    """A text as it is compared: on one line, without colours, each varying part as …."""
    return " ".join(FIELD.sub(VARYING, COLOUR.sub("", text)).split()).removeprefix("error: ")


def fixed_length(text: str) -> int:
    """How many characters of a text are the same each time."""
    return sum(len(part.strip()) for part in text.split(VARYING))


def says_something(text: str) -> bool:
    """Whether a text has words of its own; one that only passes on another's has at most one."""
    return len([word for word in text.split() if re.search("[A-Za-z]{2}", word)]) > 1


def messages(path: Path) -> set[Message]:
    """The messages of the errors of one file: a module, a script or a Makefile, or a template of a chart."""
    if path.suffix == ".py":
        return Module(path, path.read_text()).messages()
    found = in_template(path.read_text()) if "templates" in path.parts else in_shell(path.read_text())
    return {Message(str(path.relative_to(PROJECT)), text) for text in found}


def in_shell(script: str) -> set[str]:
    """What a script refuses with, writes to stderr, or says right before it exits."""
    refusing = {name for name, body in SHELL_FUNCTION.findall(script) if ">&2" in body and "exit " in body}
    words = "|".join(["echo", "log", "printf", *refusing])
    found = set()
    for line, following in pairwise([*script.splitlines(), ""]):
        for word, single, double, rest in re.findall(SHELL_MESSAGE % words, line):
            if word in refusing or re.search(r">&2|\bexit [1-9]", rest) or re.match(r"\s*exit [1-9]", following):
                found.add(normal(SHELL_VARIABLE.sub(VARYING, single or double)))
    return {text for text in found if says_something(text)}


def in_template(template: str) -> set[str]:
    """What a chart refuses with."""
    return set(re.findall(r'\b(?:fail|required) "([^"]+)"', template))


class Module:
    """One module. Names and functions that flow into its errors are followed, also into the rest of the project."""

    def __init__(self, path: Path, source: str) -> None:
        self.path = path
        self.tree = ast.parse(source)

    def messages(self) -> set[Message]:
        """Every message of an error."""
        seen: set[ast.AST] = set()
        return {message for site in self._sites() for message in self._texts(site, seen)}

    def wordless(self) -> Iterator[str]:
        """Errors that are raised without words of their own."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Raise(exc=ast.Call(func=function) as call) if _name(function) not in {*DEFECTS, "Exit"}:
                    yield from [] if any(self._texts(call, set())) else [ast.unparse(call)]

    def _sites(self) -> Iterator[ast.AST]:
        """Where errors are raised, made, written to stderr, or printed before the program ends."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Raise(exc=ast.Call() as call) if _name(call.func) not in DEFECTS:
                    yield call
                case ast.Call() if _makes_error(node) or _writes_error(node):
                    yield from [*node.args, *(keyword.value for keyword in node.keywords)]
                case ast.Call(args=[ast.Constant() | ast.JoinedStr() as text]) if ast.unparse(node.func) == "sys.exit":
                    yield text
                case ast.ClassDef() if node.name.endswith("Error"):
                    yield from (call for call in ast.walk(node) if isinstance(call, ast.Call) and _is_super(call))
                case ast.keyword(arg=name, value=value) if name in ERROR_KEYWORDS:
                    yield value
            for block in (getattr(node, part, None) for part in ("body", "orelse", "finalbody")):
                yield from _last_words(block if isinstance(block, list) else [])

    def _texts(self, node: ast.AST | None, seen: set[ast.AST]) -> Iterator[Message]:
        """The texts that an expression may turn out as."""
        if node is None or node in seen:
            return
        seen.add(node)
        match node:
            case ast.Constant(value=str(text)):
                yield from self._message(text)
            case ast.JoinedStr(values=parts) if says_something(_joined(parts)):
                yield from self._message(_joined(parts))
            case ast.Call(func=function):
                for module, called in self._called(function):
                    yield from module._results(called, seen)
        for part in self._parts(node):
            yield from self._texts(part, seen)

    def _parts(self, node: ast.AST) -> Iterable[ast.AST | None]:  # noqa: PLR0911
        """The parts of an expression that may end up in its text."""
        match node:
            case ast.JoinedStr(values=parts):
                # What a text with words of its own quotes is no message.
                return [] if says_something(_joined(parts)) else parts
            case ast.Tuple(elts=[*_, message]):
                return [message]
            case ast.IfExp(body=one, orelse=other):
                return [one, other]
            case ast.Subscript(value=value):
                return [value]
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in CUTTING:
                return [value]
            case ast.Compare() | ast.Lambda():
                return []
            case ast.Name(id=name):
                return self._bound(name, self._scopes.get(node))
        return ast.iter_child_nodes(node)

    def _message(self, text: str) -> Iterator[Message]:
        if says_something(normal(text)):
            yield Message(str(self.path.relative_to(PROJECT)), normal(text))

    @cached_property
    def _scopes(self) -> dict[ast.AST, Function]:
        """The innermost function around each node."""
        outer_first = [node for node in ast.walk(self.tree) if isinstance(node, Function)]
        return {node: function for function in outer_first for node in ast.walk(function) if node is not function}

    def _bound(self, name: str, scope: Function | None) -> list[ast.AST | None]:
        """What a name of a function, or else of the module, is set to."""
        if scope and (found := [value for node in ast.walk(scope) for value in _values(node, name)]):
            return found
        return [value for node in self.tree.body for value in _values(node, name)]

    @cached_property
    def _functions(self) -> dict[str, list[Function]]:
        found: dict[str, list[Function]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                found.setdefault(node.name, []).append(node)
        return found

    def _called(self, function: ast.expr) -> Iterator[tuple[Module, Function]]:
        """The functions of the project that may be called by this name, each with its module."""
        match function:
            case ast.Name(id=name) if name in self._imported:
                module, name = self._imported[name]
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in self._imported:
                module, _ = self._imported[owner]
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
                module = self
            case _:
                return
        yield from ((module, found) for found in module._functions.get(name, []))

    def _results(self, function: Function, seen: set[ast.AST]) -> Iterator[Message]:
        """What a function returns or yields."""
        for node in ast.walk(function):
            if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and self._scopes.get(node) is function:
                yield from self._texts(node.value, seen)

    @cached_property
    def _imported(self) -> dict[str, tuple[Module, str]]:
        """The names that come from other modules of the project: each with its module, and what it is called there."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                base = self.path.parents[node.level - 1] if node.level else PROJECT
                source = base.joinpath(*(node.module or "").split("."))
                for alias in node.names:
                    module = _module(source / alias.name) or _module(source)
                    if module:
                        found[alias.asname or alias.name] = (module, alias.name)
        return found


@cache
def _module(path: Path) -> Module | None:
    file = next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
    return Module(file, file.read_text()) if file else None


def _joined(parts: list[ast.expr]) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else VARYING for part in parts)


def _values(node: ast.AST, name: str) -> Iterator[ast.AST | None]:
    """What a statement sets a name to."""
    match node:
        case ast.Assign(targets=[target], value=value):
            yield from _assigned(target, value, name)
        case (
            ast.AnnAssign(target=target, value=value)
            | ast.AugAssign(target=target, value=value)
            | ast.NamedExpr(target=target, value=value)
            | ast.For(target=target, iter=value)
            | ast.comprehension(target=target, iter=value)
        ):
            yield from _assigned(target, value, name)


def _assigned(target: ast.AST, value: ast.AST | None, name: str) -> Iterator[ast.AST | None]:
    match target, value:
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, other in zip(targets, values, strict=True):
                yield from _assigned(one, other, name)
        case ast.Tuple(elts=targets), _:
            for one in targets:
                yield from _assigned(one, value, name)
        case ast.Name(id=found), _ if found == name:
            yield value


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_super(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "super().__init__"


def _makes_error(call: ast.Call) -> bool:
    name = _name(call.func)
    return (name.endswith("Error") and name not in DEFECTS) or name in ABORTING


def _writes_error(call: ast.Call) -> bool:
    to_stderr = any(keyword.arg == "file" and "stderr" in ast.unparse(keyword.value) for keyword in call.keywords)
    return to_stderr or ast.unparse(call.func) in WRITING


def _last_words(block: list[ast.stmt]) -> Iterator[ast.expr]:
    """What is printed right before a command fails."""
    for printing, after in pairwise(block):
        match printing:
            case ast.Expr(value=ast.Call(func=function, args=args)) if _name(function) == "print":
                yield from args if ast.unparse(after) in FAILING else []
