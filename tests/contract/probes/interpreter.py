"""What the Python of an image is, and which of its modules and of uWSGI's libraries it lacks: one line of JSON."""

import ctypes
import importlib
import json
import ssl
import sys
import sysconfig
import warnings
from pathlib import Path

# Of Windows and Apple's systems.
ELSEWHERE = {"_ios_support", "_msi", "_overlapped", "_scproxy", "_winapi", "_wmi"}
ELSEWHERE |= {"msilib", "msvcrt", "nt", "winreg", "winsound"}
# Windows on a screen, which no official image can open.
SCREEN = {"tkinter", "_tkinter", "turtle", "turtledemo", "idlelib"}


def is_there(name: str) -> bool:
    """Whether the module can be imported."""
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def is_linked(library: str) -> bool:
    """Whether the library can be loaded."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


warnings.simplefilter("ignore")
library = Path(sysconfig.get_path("stdlib"))
names = sys.stdlib_module_names - ELSEWHERE - SCREEN - {"antigravity", "this"}
print(
    json.dumps(
        {
            "version": list(sys.version_info[:2]),
            "prefix": sys.prefix,
            "elsewhere": [name for name, value in sysconfig.get_config_vars().items() if "/home/" in str(value)],
            "absent": sorted(name for name in names if not is_there(name)),
            "expat": is_linked("libexpat.so.1"),
            "authorities": len(ssl.create_default_context().get_ca_certs()),
            "compiled": [str(path) for path in library.rglob("*.pyc")],
            "tests": is_there("test.test_os"),
        }
    )
)
