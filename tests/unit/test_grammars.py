"""The grammars of texts in a stack file: each field has one, and takes what its examples say and nothing near it."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from components.settings.base import InputOf
from components.settings.grammars import hosts, images, kubernetes, postgresql, quantities, s3, schedules, text
from components.settings.grammars.grammar import Grammar
from scripts.settings_reference import all_grammars, every_model

GRAMMARS = all_grammars()
ARABIC_TWO = "\N{ARABIC-INDIC DIGIT TWO}"
# Of each type, texts that are nearly right; what a part of the stack says of them is asked in tests/engine and
# tests/contract.
REFUSED: list[tuple[Any, tuple[str, ...]]] = [
    (kubernetes.KubernetesName, ("", "A", "a.b", "-a", "a-", "a_b", "a" * 64, f"a{ARABIC_TWO}", "a\n")),
    (kubernetes.StackNamespace, ("default", "kube-system", "kube-mine", "a.b", "")),
    (kubernetes.ObjectName, ("", "A", "a..b", ".a", "a.", "a_b", "a/b", "a\n", ".".join(["a" * 63] * 4))),
    (kubernetes.SecretKeyName, ("", ".", "..", "..a", "a b", "a/b", "ä", "a" * 254)),
    (kubernetes.LabelKey, ("", "a b", "/a", "a/", "a/b/c", "-a", "a" * 64, "Example.com/a", "a_b/c", "ä")),
    (kubernetes.LabelValue, ("a b", "-a", "a-", "a" * 64, "ä", "a/b", "a\n")),
    (kubernetes.AnnotationKey, ("", "a b", "/a", "a/b/c", "-a", "ä/a")),
    (quantities.Cpu, ("", "0", "0m", "-1", "1Gi", "1 ", " 1", "1e3", "0.0001", ARABIC_TWO, "two", "1,5", "1.m")),
    (quantities.Memory, ("", "0", "1", "512m", "1GB", "1gi", "-1Gi", "1 Gi", f"{ARABIC_TWO}Gi", "1e9", "8Ei")),
    (quantities.Memory, ("15Mi",)),
    (quantities.VolumeSize, ("", "20", "1Mi", "10GB", "10 Gi", "0Gi", "9999999999999999999", f"{ARABIC_TWO}Gi")),
    (quantities.UploadSize, ("", "201m", "1g", "200M", "1 m", f"{ARABIC_TWO}m", "-1", "m")),
    (hosts.DnsName, ("", "a..b", ".a", "a.", "A.b", "a_b", "10.0.0.1", "::1", "1.2.3", "a/b", "a:1", "*.a")),
    (hosts.DnsName, ("x" * 64,)),
    (hosts.CertificateHost, ("*", "*a.b", "a.*.b", "*.*.a", "*.", "A.b", "10.0.0.1")),
    (hosts.HostName, ("", "a..b", "-a", "a-", "a_b", "::1", "1.2.3.999", "1.2.3", "0", "a:1", "u@a", "a,b", "a b")),
    (hosts.HostName, ("ä",)),
    (hosts.Url, ("", "a.b", "ftp://a", "https://a/b", "https://a:99999", "https://a:0", "https://u:p@a")),
    (hosts.Url, ("https://A.b", "http://", "https://a?b", "https://a b", "https://1.2.3.400", "https://a..b")),
    (hosts.Url, (f"https://a:{ARABIC_TWO}", "*")),
    (hosts.HttpUrl, ("s3.example.com", "https://a/b", "https://a:99999", "https://k:s@a", "https://[::1]")),
    (hosts.HttpUrl, ("https://a\\b",)),
    (hosts.Network, ("", "10.0.0.0", "10.0.0.7/24", "10.0.0.0/33", "any", "010.0.0.0/8", "10.0.0.0/255.0.0.0")),
    (hosts.Network, ("::/129",)),
    (hosts.Address, ("", "a.b", "0.0.0.0/0", "::/0", "10.0.0.7/24", "1.2.3.4.5", f"10.0.0.{ARABIC_TWO}")),
    (hosts.Address, ("fe80::1%eth0",)),
    (s3.BucketName, ("", "ab", "Ab1", "a..b", "a.-b", "a-.b", "-ab", "ab-", "a_b", "10.0.0.1", "minio", "xn--a")),
    (s3.BucketName, ("x" * 64,)),
    (s3.Prefix, ("/a", "a//b", "*", "a?", "${a}", "../a", "a/./b", "a\\b", "a\n", "a%2f", " a", "a /b", "x" * 513)),
    (s3.DestinationPath, ("s3://", "s3://B", "http://a", "backups", "s3://abc//x", "s3://abc/../x", "s3://abc?x")),
    (s3.Region, ("", "us east", "-a", "a-", "a.b", "ä")),
    (schedules.Cron, ("", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7")),
    (schedules.Cron, ("*/0 * * * *",)),
    (
        schedules.Cron,
        ("5-1 * * * *", "1_0 * * * *", "* * * * mon-", "a * * * *", "@every", "0 0 31 2 *", "0 0 30 feb *"),
    ),
    (schedules.Cron, ("*-5 * * * *",)),
    (schedules.CronWithSeconds, ("0 3 * * *", "60 0 0 * * *", "0 0 25 * * *", "0 0 0 31 4 *", "@daily")),
    (schedules.Retention, ("", "0d", "30", "30 d", "d", "1y", f"{ARABIC_TWO}d", "-1d")),
    (schedules.Moment, ("yesterday", "2026-02-30T04:15:00Z", "2026-01-23T04:15:00", "2999-01-01T00:00:00Z")),
    (images.Image, ("a", "a:1", "a/b:1", "r.io/a", "r.io/a:latest", "r.io/A:1", "r.io//a:1", "r.io/a:1@sha256:0")),
    (images.Image, ("-r.io/a:1",)),
    (images.Image, ("r.io:99999/a:1", "u:p@r.io/a:1", " r.io/a:1", "r.io/a._b:1", f"r.io:{ARABIC_TWO}/a:1")),
    (images.Image, ("r.io/a:-1",)),
    (images.Registry, ("mirror", "https://r.io", "r.io/A", "r.io/", "r.io//a", "r.io:0")),
    (postgresql.DatabaseName, ("", "A", "a-b", "1a", "a" * 64, "postgres", "template1", "ä")),
    (postgresql.OwnerName, ("postgres", "pg_a", "public", "none", "A", "a b")),
    (postgresql.SecretNameTemplate, ("{username}", "{username}{cluster}{team}", "{username} {cluster}")),
    (postgresql.SecretNameTemplate, ("A{username}{cluster}",)),
    (text.Email, ("", "a", "a@b", "a@b.c", "A@b.com", "a b@c.de", "a@b..de", "a@-b.de", "a..b@c.de", ".a@c.de")),
    (text.Email, ("ä@c.de",)),
    (text.Email, ("a@b_c.de", "a@b.c9", "a@[1.2.3.4]", '"a"@c.de', "a@b@c.de", f"{'a' * 250}@c.de", "a@c.de\n")),
    (text.EnvironmentName, ("", "1A", ".A", "A B", "A=B", "A-B", "ä", "A\n")),
    (text.Text, ("a\0", "\x1b[31m", "\ud800")),
    (text.Filled, ("", "  ", "a\0")),
    (text.FilePath, ("", "a\nb", "\0")),
    (text.Pattern, ("(", "*a", "[", "a\nb", "(?P<a")),
]


@pytest.mark.parametrize(
    ("kind", "wrong"), [(kind, wrong) for kind, texts in REFUSED for wrong in texts], ids=lambda part: repr(part)[:40]
)
def test_what_is_nearly_right_is_refused(kind: Any, wrong: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(wrong)


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
def test_examples_are_accepted(grammar: Grammar) -> None:
    for example in grammar.examples:
        grammar.read(example)
    assert grammar.refusal.endswith(f"such as {grammar.examples[0]}")


def bare(annotation: Any, metadata: Any = ()) -> bool:
    """Whether a text of the type may be anything."""
    if any(isinstance(each, Grammar) for each in metadata) or get_origin(annotation) is Literal:
        return False
    if wrapped := next((each for each in metadata if isinstance(each, InputOf)), None):
        return bare(wrapped.type)
    if annotation is str:
        return True
    inner = getattr(annotation, "__metadata__", ())
    return any(bare(each, inner if position == 0 else ()) for position, each in enumerate(get_args(annotation)))


@pytest.mark.parametrize("model", every_model(), ids=lambda model: model.__name__)
def test_no_field_takes_every_text(model: Any) -> None:
    assert [name for name, field in model.model_fields.items() if bare(field.annotation, field.metadata)] == []


def test_one_name_is_one_grammar() -> None:
    names = [grammar.name for grammar in GRAMMARS]
    assert sorted(set(names)) == sorted(names)


@given(st.text(max_size=20))
def test_no_grammar_fails_otherwise_than_by_refusing(anything: str) -> None:
    for grammar in GRAMMARS:
        try:
            taken = grammar.read(anything)
        except ValueError as error:
            assert str(error)
        else:
            assert grammar.read(taken) == taken


@given(st.from_regex(re.compile(r"[\d*/,?\-]{1,9}( [\d*/,?\-]{1,9}){4}", re.ASCII), fullmatch=True))
def test_a_schedule_that_is_accepted_has_a_next_run(schedule: str) -> None:
    try:
        schedules.CRON.read(schedule)
    except ValueError:
        return
    minutes = schedules._numbers(schedule.split(maxsplit=1)[0], schedules.MINUTE)
    assert minutes <= set(range(60)) and minutes
