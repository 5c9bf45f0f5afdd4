"""Amounts: Kubernetes quantities by kind (``k8s.io/apimachinery/pkg/api/resource``), and sizes as nginx writes them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from ...limits import UPLOAD
from .grammar import Grammar

QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?", re.ASCII)
UNITS: dict[str | None, Decimal] = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTP", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTP", start=1)},
}
CPU = r"\d{1,5}(?:\.\d{1,3})?|\d{1,8}m"
BYTES = r"\d{1,18}(?:\.\d{1,6})?(?:[kMGTP]|[KMGTP]i)?"
# What people write instead of a quantity: no credential has this form.
NEARLY = r"[-+]?\d{1,9}(?:[.,]\d{1,6})? ?[A-Za-z]{0,3}"
MAXIMUM_BYTES = 2**63 - 1
MEBIBYTE = 1024**2
# A container runtime cannot start a container with less, and less is a unit that was forgotten.
MINIMUM_MEMORY = 16 * MEBIBYTE
MINIMUM_VOLUME = 100 * MEBIBYTE
UPLOAD_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def parse_quantity(quantity: str) -> Decimal:
    """The number of cores or bytes that a quantity such as ``500m`` or ``2Gi`` stands for, or ValueError."""
    match = QUANTITY.fullmatch(quantity)
    if not match:
        raise ValueError(quantity)
    return Decimal(match[1]) * UNITS[match[2]]


def _cpu(value: str) -> str:
    if parse_quantity(value) <= 0:
        raise ValueError("must be greater than zero, such as 500m or 2")
    return value


def _bytes_from(minimum: int, example: str, value: str) -> str:
    size = parse_quantity(value)
    if size < minimum:
        raise ValueError(f"must be at least {minimum // MEBIBYTE}Mi, with its unit, such as {example}")
    if size > MAXIMUM_BYTES or size != int(size):
        raise ValueError(f"must be a whole number of bytes below 8Ei, such as {example}")
    return value


def _memory(value: str) -> str:
    return _bytes_from(MINIMUM_MEMORY, "512Mi", value)


def _volume(value: str) -> str:
    return _bytes_from(MINIMUM_VOLUME, "20Gi", value)


def _upload_size(value: str) -> str:
    if upload_bytes(value) > upload_bytes(UPLOAD):
        raise ValueError(f"must be at most {UPLOAD}, the limit of nginx in Label Studio's own image")
    return value


def upload_bytes(size: str) -> int:
    """The bytes of a size as nginx writes it, such as ``200m``."""
    unit = size[-1] if size[-1] in UPLOAD_UNITS else ""
    return int(size.removesuffix(unit)) * UPLOAD_UNITS[unit]


Cpu = Annotated[
    str, Grammar("cores", "a number of cores or thousandths of one", ("500m", "2", "0.5"), CPU, _cpu, NEARLY, True)
]
Memory = Annotated[
    str,
    Grammar(
        "memory",
        "a number of bytes with a unit (Ki, Mi, Gi, Ti, k, M, G, T)",
        ("512Mi", "1.5Gi", "2G"),
        BYTES,
        _memory,
        NEARLY,
        numbers=True,
    ),
]
VolumeSize = Annotated[
    str,
    Grammar(
        "size of a volume",
        "a number of bytes with a unit (Mi, Gi, Ti, M, G, T)",
        ("20Gi", "1.5Ti", "100G"),
        BYTES,
        _volume,
        NEARLY,
        numbers=True,
    ),
]
UploadSize = Annotated[
    str,
    Grammar(
        "size of an upload",
        f"a size as nginx writes it, {UPLOAD} at most; 0 is for no limit of the ingress",
        ("50m", UPLOAD, "0"),
        r"\d{1,12}[kmg]?",
        _upload_size,
        NEARLY,
        numbers=True,
    ),
]
