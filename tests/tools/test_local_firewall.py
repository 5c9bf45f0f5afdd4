"""Which rules of the packet filter are the cluster's, and that nobody else's goes with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.cluster.firewall import Table, removal

FOREIGN = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:KUBE-ELSEWHERE - [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A DOCKER -d 172.17.0.2/32 -j ACCEPT
-A FORWARD -j KUBE-ELSEWHERE
COMMIT
"""
OURS = """\
*filter
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-POD-FW-AAAA - [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -j ACCEPT
-A KUBE-ROUTER-FORWARD -d 198.18.1.3/32 -j KUBE-POD-FW-AAAA
-A KUBE-POD-FW-AAAA -j REJECT
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
:CNI-0123456789abcdef01234567 - [0:0]
-A POSTROUTING -s 198.18.1.2/32 -m comment --comment "name: \\"label-studio-local\\" id: \\"ab\\"" \
-j CNI-0123456789abcdef01234567
-A CNI-0123456789abcdef01234567 -j MASQUERADE
COMMIT
"""
LATER = '*filter\n-A FORWARD -s 10.9.0.0/16 -m comment --comment "a VPN" -j ACCEPT\nCOMMIT\n'


def test_only_own_rules_are_chosen() -> None:
    table = Table(
        builtin={"FORWARD"},
        custom={"KUBE-FORWARD", "DOCKER", "KUBE-ELSEWHERE"},
        rules=[
            "-A FORWARD -j KUBE-FORWARD",
            "-A FORWARD -j DOCKER",
            "-A FORWARD -j KUBE-ELSEWHERE",
            "-A FORWARD -g KUBE-FORWARD",
            "-A KUBE-FORWARD -j ACCEPT",
        ],
    )
    assert removal(table, before={"FORWARD", "DOCKER", "KUBE-ELSEWHERE"}) == [
        "-D FORWARD -j KUBE-FORWARD",
        "-D FORWARD -g KUBE-FORWARD",
        "-F KUBE-FORWARD",
        "-X KUBE-FORWARD",
    ]


SCENARIO = """
import subprocess, sys
from local.cluster import firewall

foreign, ours, later = sys.argv[1:]

def restore(text):
    subprocess.run(["iptables-restore", "--noflush"], input=text, text=True, check=True)

def listing():
    saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(line.split(" [")[0] for line in saved if line[0] in "-:*")

restore(foreign)
before, record = listing(), firewall.chains("iptables")
restore(ours)
assert listing() != before
restore(later)
for _ in range(2):
    firewall.remove("iptables", record)
after = listing()
after.remove(later.splitlines()[1])
assert after == before, (before, after)
print("equal")
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("iptables"), reason="needs root and iptables")
def test_the_packet_filter_is_as_before() -> None:
    """In a network of its own, by the real iptables: rules of others stay, also later ones; ours go, tables too."""
    isolated = ["unshare", "--net", sys.executable, "-c", SCENARIO, FOREIGN, OURS, LATER]
    finished = subprocess.run(isolated, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert finished.stdout == "equal\n", finished.stderr
