"""A certificate for a test's host name, signed by an authority of the test's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificate:
    """PEM files: the authority to trust, and what the server shows."""

    authority: Path
    certificate: Path
    key: Path


def issue(host: str, folder: Path) -> Certificate:
    """Make an authority and have it sign a certificate for ``host``."""
    authority = trustme.CA()
    issued = authority.issue_cert(host)
    made = Certificate(folder / "ca.crt", folder / "tls.crt", folder / "tls.key")
    authority.cert_pem.write_to_path(str(made.authority))
    made.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(made.key))
    return made
