"""Which texts Django takes for e-mail addresses: a list of texts in, those that it refuses out."""

from __future__ import annotations

import json
import sys

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

refused = []
for text in json.load(sys.stdin):
    try:
        validate_email(text)
    except ValidationError:
        refused.append(text)
print(json.dumps(refused))
