"""Gives the first administrator the password of ``LABEL_STUDIO_PASSWORD``; may be repeated at any time.

Label Studio itself takes that variable only as it makes the account. Another password ends the sessions of the account.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def give(user: Any, password: str) -> str:
    """Change the password unless the user has it already; what was done."""
    if user.check_password(password):
        return "has this password already"
    user.set_password(password)
    user.save(update_fields=["password"])
    return "has a new password"


def main() -> int:
    """Whose password, and which, is in the environment."""
    # Not at the top: models can be imported only when all applications are there.
    import django  # noqa: PLC0415

    django.setup()
    from django.contrib.auth import get_user_model  # noqa: PLC0415

    email = os.environ["LABEL_STUDIO_USERNAME"]
    user = get_user_model().objects.filter(email=email).first()
    if user is None:
        sys.stderr.write(f"Label Studio has no account {email}.\n")
        return 1
    sys.stdout.write(f"The account {email} {give(user, os.environ['LABEL_STUDIO_PASSWORD'])}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
