"""Values that were read as JSON, of which Python takes more than others do."""

from __future__ import annotations

import json
from typing import Any


def unwritable(value: Any) -> str | None:
    """Why a value cannot be written as JSON in UTF-8 again, None if it can."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return r"has half of a character, such as \ud800"
    except ValueError:
        return "has a number that is none in JSON, such as NaN"
    except RecursionError:
        return "is nested too deep"
    return None
