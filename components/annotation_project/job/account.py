"""Make the account that declared projects are applied with, by an invitation as people are: it is no administrator.

The administrator may read every setting of Label Studio and so every password; this account cannot.
"""

from __future__ import annotations

import os
import sys

from .api import LabelStudio
from .errors import RefusedError, run

START_SECONDS = 600.0


def main() -> int:
    """What to make, and as whom, is in the environment."""
    return run("account for declared projects", _work)


def _work() -> str:
    api = LabelStudio.of_environment()
    api.wait(START_SECONDS)
    return make_account(
        api,
        (os.environ["ADMINISTRATOR_EMAIL"], os.environ["ADMINISTRATOR_PASSWORD"]),
        (os.environ["ACCOUNT_EMAIL"], os.environ["ACCOUNT_PASSWORD"]),
    )


def make_account(api: LabelStudio, administrator: tuple[str, str], account: tuple[str, str]) -> str:
    """Nothing is done where the account exists."""
    if api.log_in(*account):
        return f"the account {account[0]} is there"
    if not api.log_in(*administrator):
        raise RefusedError(f"Label Studio refuses the password in the administrator's Secret for {administrator[0]}")
    invitation = api.request("GET", "/api/invite")["token"]
    if not api.sign_up(invitation, *account):
        raise RefusedError(f"Label Studio refuses to make the account {account[0]}; its password was changed")
    return f"the account {account[0]} is made"


if __name__ == "__main__":
    sys.exit(main())
