"""What the application says in a release of Label Studio whose checks are not where they were."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from declared_endpoints import DeclaredEndpoints  # noqa: E402
from io_storages.s3 import utils  # noqa: E402

delattr(utils, json.load(sys.stdin))
try:
    DeclaredEndpoints("declared_endpoints", sys.modules["declared_endpoints"]).ready()
    print(json.dumps(None))
except Exception as error:
    print(json.dumps([type(error).__name__, str(error)]))
