"""Times: cron schedules as ``robfig/cron`` reads them (Kubernetes and CloudNativePG use it), durations, moments."""

from __future__ import annotations

import datetime
import re
from typing import Annotated

from .grammar import Grammar

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Each field: its lowest and highest number, and names that stand for numbers.
SECOND, MINUTE = (0, 59, ()), (0, 59, ())
HOUR = (0, 23, ())
DAY, MONTH, WEEKDAY = (1, 31, ()), (1, 12, MONTHS), (0, 6, DAYS)
Field = tuple[int, int, tuple[str, ...]]
FIELDS: tuple[Field, ...] = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
CRON_WORDS = {"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"}
# Not \w: Python reads 1_0 as a number.
PART = re.compile(r"(?P<low>\*|\?|[0-9A-Za-z]+)(?:-(?P<high>[0-9A-Za-z]+))?(?:/(?P<step>\d{1,9}))?", re.ASCII)
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
# Only what schedules are made of may be repeated.
NEARLY = rf"(?i:[0-9*/,? -]|{'|'.join([*MONTHS, *DAYS])}){{1,40}}"


def _numbers(text: str, field: Field) -> set[int]:
    """What one field of a schedule stands for; ValueError for what it cannot hold."""
    return {number for part in text.split(",") for number in _range(part, field)}


def _range(text: str, field: Field) -> range:
    lowest, highest, _ = field
    match = PART.fullmatch(text)
    if not match:
        raise ValueError
    if match["low"] in "*?":
        if match["high"]:
            raise ValueError
        low, high = lowest, highest
    else:
        low = _number(match["low"], field)
        high = _number(match["high"], field) if match["high"] else highest if match["step"] else low
    step = int(match["step"] or 1)
    if not (lowest <= low <= high <= highest and step >= 1):
        raise ValueError
    return range(low, high + 1, step)


def _number(text: str, field: Field) -> int:
    lowest, _, names = field
    return names.index(text.lower()) + lowest if text.lower() in names else int(text)


def _runs(texts: list[str], fields: tuple[Field, ...]) -> None:
    """ValueError where a field is wrong or no day of a year has the day and the month."""
    numbers = [_numbers(text, field) for text, field in zip(texts, fields, strict=True)]
    days, months = numbers[-3:-1]
    any_weekday = texts[-1][0] in "*?"
    if any_weekday and not any(min(days) <= LONGEST_MONTH.get(month, 31) for month in months):
        raise ValueError


def _cron(value: str) -> str:
    if value in CRON_WORDS:
        return value
    try:
        _runs(value.split(), FIELDS)
    except ValueError:
        raise ValueError(CRON.refusal) from None
    return value


def _cron_with_seconds(value: str) -> str:
    try:
        _runs(value.split(), (SECOND, *FIELDS))
    except ValueError:
        raise ValueError(CRON_WITH_SECONDS.refusal) from None
    return value


def _moment(value: str) -> str:
    try:
        moment = datetime.datetime.fromisoformat(value) if RFC_3339.fullmatch(value) else None
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError(MOMENT.refusal)
    if moment > datetime.datetime.now(datetime.UTC):
        raise ValueError("must not be in the future: a backup has nothing of it")
    return value


CRON = Grammar(
    "cron schedule",
    "five cron fields (minute, hour, day, month, weekday from 0 to 6 or SUN to SAT), or @hourly, @daily and the like",
    ("*/15 * * * *", "0 3 * * mon-FRI", "5,35 0-6/2 1 JAN ?", "@hourly"),
    check=_cron,
    shown=NEARLY,
)
CRON_WITH_SECONDS = Grammar(
    "cron schedule with seconds",
    "six cron fields, seconds first (second, minute, hour, day, month, weekday from 0 to 6 or SUN to SAT)",
    ("0 0 3 * * *", "30 */15 * 1-7 * SUN"),
    check=_cron_with_seconds,
    shown=NEARLY,
)
MOMENT = Grammar(
    "moment",
    "a time with its zone as in RFC 3339, in quotes",
    ("2026-11-23T04:15:00Z", "2026-11-23 04:15:00+01:00"),
    check=_moment,
    shown=r"[-0-9T:.Z+ ]{1,35}",
)
Cron = Annotated[str, CRON]
CronWithSeconds = Annotated[str, CRON_WITH_SECONDS]
Moment = Annotated[str, MOMENT]
Retention = Annotated[
    str,
    Grammar(
        "retention",
        "a number of days, weeks or months",
        ("30d", "4w", "6m"),
        r"[1-9]\d{0,4}[dwm]",
        shown=r"\d{1,6} ?[a-z]{0,6}",
    ),
]
