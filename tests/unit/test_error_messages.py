"""How messages of errors are found in source."""

from __future__ import annotations

import pytest

from tests.unit.error_messages import Module, in_shell, in_template
from tests.unit.stack_files import PROJECT

HELPERS = """
LIMIT = "no more than this"
WORDS = {"a": "must be {expected}"}

def _reason(error):
    if error:
        return f"the reason is {error}"
    return "there is no reason"

def _problems():
    yield ("path", "to"), "the second of a pair"
    yield from _others()

def _others():
    yield "what another function yields"

class Thing:
    def _why(self):
        return "a method says why"

    def fail(self):
        raise ValueError(self._why())

class _SeaError(Exception):
    def __init__(self, name):
        super().__init__(f"the sea of {name} is dry")
"""
FIXED = {"a method says why", "the sea of … is dry"}


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("raise ValueError('a constant text')", {"a constant text"}),
        ("raise ValueError('implicitly ' 'joined', 5)", {"implicitly joined"}),
        ("raise ValueError(f'{name} is {value!r} here')", {"… is … here"}),
        (
            "raise ValueError('one case' if name == 'not this one' else 'the other case')",
            {"one case", "the other case"},
        ),
        ("raise ValueError(name or 'the default text')", {"the default text"}),
        ("text = 'what a name holds'\n    raise ValueError(text)", {"what a name holds"}),
        ("text, code = 'the first of two', 1\n    raise ValueError(text)", {"the first of two"}),
        ("raise ValueError(LIMIT)", {"no more than this"}),
        ("raise ValueError(WORDS[name].format(expected=1))", {"must be …"}),
        ("raise ValueError(_reason(name))", {"the reason is …", "there is no reason"}),
        ("raise ValueError(f'{name}: {_reason(name)}')", {"the reason is …", "there is no reason"}),
        ("raise ValueError(f'it broke because {_reason(name)}')", {"it broke because …"}),
        ("raise _refused('what it is called with')", {"what it is called with"}),
        (
            "problems = [*_problems()]\n    raise ValueError('\\n'.join(problems))",
            {"the second of a pair", "what another function yields"},
        ),
        (
            "raise ValueError([Custom('rule', message) for path, message in _problems()])",
            {"the second of a pair", "what another function yields"},
        ),
        ("return OtherError(0, 'made but not raised')", {"made but not raised"}),
        ("sys.stderr.write(f'error: {name} was written\\n')", {"… was written"}),
        ("print('printed to stderr', file=sys.stderr)", {"printed to stderr"}),
        ("sys.exit('printed by the interpreter')", {"printed by the interpreter"}),
        ("print('[red]the last words[/]')\n    raise typer.Exit(1)", {"the last words"}),
        ("print('an ordinary text')\n    return True", set()),
        ("context.abort(code, f'not done: {name}')", {"not done: …"}),
        ("answer(error=f'ended with {name}')", {"ended with …"}),
        ("raise ValueError(error.removeprefix('Value error, ')) from None", set()),
        ("raise ValueError(str(error))", set()),
        ("raise AssertionError('never comes here')", set()),
        (
            "from settings.base import _prefix\n    raise ValueError(_prefix(name))",
            set(),
        ),
        (
            "from components.settings.errors import _unknown_key\n    raise ValueError(_unknown_key(name))",
            {"is not a known key…"},
        ),
    ],
)
def test_messages_of_python(code: str, texts: set[str]) -> None:
    module = Module(PROJECT / "example.py", f"{HELPERS}\ndef work(name, value):\n    {code}\n")
    assert {message.text for message in module.messages()} - FIXED == texts


DYING = "die() {\n  printf '%s\\n' \"$*\" >&2\n  exit 42\n}\n"


@pytest.mark.parametrize(
    ("script", "texts"),
    [
        ('echo "error: the file $1 is gone" >&2', {"the file … is gone"}),
        ('printf \'The bucket %s is gone: %s\\n\' "$1" "$2" >&2', {"The bucket … is gone: ……"}),
        (DYING + '[ -e x ] || die "There is no ${1:-file} here."', {"There is no … here."}),
        ('log "the last words"; exit 1', {"the last words"}),
        ('log "the last words"\nexit 1', {"the last words"}),
        ('log "goes on and on"\ntrue', set()),
        ("printf '%s\\n' \"$*\" >&2", set()),
        ('\t@test -n "$(X)" || { echo "error: write make X=$(Y)" >&2; exit 1; }', {"write make X=…"}),
    ],
)
def test_messages_of_scripts(script: str, texts: set[str]) -> None:
    assert in_shell(script) == texts


def test_messages_of_charts() -> None:
    assert in_template('{{ required "a.b is required" .a }}{{- fail "it cannot be" }}') == {
        "a.b is required",
        "it cannot be",
    }
