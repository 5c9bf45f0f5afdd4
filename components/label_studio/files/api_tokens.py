"""Prints the e-mail address of each account with an API token that is signed with SECRET_KEY, one a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator


def owners() -> Iterator[str]:
    """Accounts whose personal access token is neither revoked nor expired; legacy tokens are not signed."""
    from django.utils import timezone  # noqa: PLC0415
    from rest_framework_simplejwt.token_blacklist.models import OutstandingToken  # noqa: PLC0415

    tokens = OutstandingToken.objects.filter(expires_at__gt=timezone.now(), blacklistedtoken__isnull=True)
    yield from tokens.order_by("user__email").values_list("user__email", flat=True).distinct()


def main() -> int:
    """Asks the database of the container that this runs in."""
    # Not at the top: models can be imported only when all applications are there.
    import django  # noqa: PLC0415

    django.setup()
    sys.stdout.writelines(f"{email}\n" for email in owners())
    return 0


if __name__ == "__main__":
    sys.exit(main())
