"""The grammars of texts that end elsewhere than in Kubernetes, against the parts that read them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from components.settings.grammars import images, s3, schedules, text
from components.settings.grammars.grammar import Grammar
from local.tools.build import tool
from tests.contract.label_studio import VERSIONS, probe
from tests.contract.minio import ROOT, Store, minio
from tests.generated_stacks import near
from tests.unit.test_grammars import REFUSED

GENERATED = 300
# Texts that a part takes and the program refuses.
STRICTER = {
    "image": "no registry, no tag, the tag latest, ports that TCP has not",
    "cron schedule": "days that no month has, a range after '*', which is ignored",
    "cron schedule with seconds": "days that no month has, words with '@'",
}
PARSERS: dict[str, tuple[Grammar, Any]] = {
    "image": (images.IMAGE, images.Image),
    "cron": (schedules.CRON, schedules.Cron),
    "cron-with-seconds": (schedules.CRON_WITH_SECONDS, schedules.CronWithSeconds),
}


def samples(grammar: Grammar, count: int = GENERATED) -> list[str]:
    """Texts that are right or nearly."""
    found: list[str] = [*grammar.examples]

    @settings(max_examples=count, deadline=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck])
    @given(near(grammar) | st.text(max_size=8))
    def collect(sample: str) -> None:
        found.append(sample)

    collect()
    # What cannot be sent to another program is no text.
    return [each for each in dict.fromkeys(found) if each.isprintable()]


def takes(grammar: Grammar, sample: str) -> bool:
    try:
        grammar.read(sample)
    except ValueError:
        return False
    return True


def refused_of(kind: Any) -> list[str]:
    return [each for refused, texts in REFUSED if refused is kind for each in texts if each.isprintable()]


@pytest.mark.parametrize("name", PARSERS)
def test_parsers_of_go_take_what_the_program_takes(name: str) -> None:
    grammar, kind = PARSERS[name]
    wrong, right = refused_of(kind), [each for each in samples(grammar) if takes(grammar, each)]
    assert len(right) > len(grammar.examples)
    finished = subprocess.run(
        [tool("parsers")], input=json.dumps({name: [*right, *wrong]}), capture_output=True, text=True, check=True
    )
    answers = json.loads(finished.stdout)[name]
    assert {each: answer for each, answer in zip(right, answers, strict=False) if answer} == {}
    taken = [each for each, answer in zip(wrong, answers[len(right) :], strict=True) if not answer]
    assert not taken or grammar.name in STRICTER, taken


@pytest.mark.parametrize("version", VERSIONS)
def test_django_takes_the_e_mail_addresses_that_the_program_takes(version: str, tmp_path: Path) -> None:
    right = [each for each in samples(text.EMAIL) if takes(text.EMAIL, each)]
    wrong = refused_of(text.Email)
    refused = probe(version, "emails", tmp_path, [*right, *wrong])
    assert [each for each in right if each in refused] == []
    taken = [each for each in wrong if each not in refused]
    # Label Studio lower-cases what people type, has a column of 254 characters, and refuses quotes and brackets itself.
    assert all(each != each.lower() or len(each) > 254 or each.strip("abcde.@") for each in taken), taken


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with minio(tmp_path_factory.mktemp("store")) as server:
        yield server


def test_an_s3_server_makes_the_buckets_and_keys_that_the_program_takes(store: Store) -> None:
    client = store.client("s3", ROOT)
    buckets = [each for each in samples(s3.BUCKET_NAME, 60) if takes(s3.BUCKET_NAME, each)]
    for bucket in buckets:
        client.create_bucket(Bucket=bucket)
    prefixes = {s3.KEY_PREFIX.read(each) for each in samples(s3.KEY_PREFIX, 100) if takes(s3.KEY_PREFIX, each)}
    for prefix in prefixes:
        client.put_object(Bucket=buckets[0], Key=f"{prefix}it", Body=b"x")
        listed = client.list_objects_v2(Bucket=buckets[0], Prefix=prefix)["Contents"]
        assert f"{prefix}it" in {each["Key"] for each in listed}
