"""Shows an address to a person in a browser, where there is a screen."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit


def has_screen(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a browser could show something; a text browser would take the terminal away."""
    return sys.platform in ("darwin", "win32") or any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def is_of_this_machine(url: str) -> bool:
    """Whether it is an address of whoever asks, which is another machine for everybody."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def show(url: str) -> None:
    """Open the address in the default browser, if there is one."""
    if has_screen():
        webbrowser.open(url)
