"""The cluster's part of the packet filter: the guard against other hosts, and what is removed when the cluster stops.

kube-proxy, kube-router and the CNI plugins add rules of their own; ``remove`` finds those as well.
"""

from __future__ import annotations

import re
import socket
import struct
import subprocess
from dataclasses import dataclass, field

from local.cluster import network
from local.cluster.errors import ClusterError

FAMILIES = ("iptables", "ip6tables")
GUARD = "LABEL-STUDIO-GUARD"
_GUARDED = (f"{network.NODE_ADDRESS}/32", network.POD_RANGE, network.SERVICE_RANGE, network.NODE_PORT_ADDRESSES)
_CHAINS = re.compile(r"^(KUBE|CNI|LABEL-STUDIO)-")
_SETS = re.compile(r"^(inet6:)?(KUBE-(SRC|DST)|kube-router)-")
_JUMP = re.compile(r"(?:^| )-[jg] (\S+)")
_COUNTERS = ("ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts")
_NETFILTER, _ACCOUNTING_SUBSYSTEM, _DELETE_COUNTER, _REQUEST = 12, 7, 3, 1
# In built-in chains there are also rules that jump to none of those chains.
_COMMENTS = (f'name: \\"{network.CNI_NETWORK}\\"', "kube-router netpol", "traffic that comply to network policies")


@dataclass
class Table:
    """One table of iptables-save: chains, built-in ones with a policy, and rules as they were appended."""

    builtin: set[str] = field(default_factory=set)
    custom: set[str] = field(default_factory=set)
    rules: list[str] = field(default_factory=list)


def tables(family: str) -> dict[str, Table]:
    """What the packet filter of one family holds now; nothing, where the machine has no such family."""
    saved = subprocess.run([f"{family}-save"], capture_output=True, text=True, check=False)
    found: dict[str, Table] = {}
    current = Table()
    for line in saved.stdout.splitlines():
        if line.startswith("*"):
            current = found.setdefault(line[1:], Table())
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            (current.custom if policy == "-" else current.builtin).add(chain)
        elif line.startswith("-A "):
            current.rules.append(line)
    return found


def chains(family: str) -> dict[str, list[str]]:
    """The names of all chains by table: what ``remove`` must know of the time before."""
    return {name: sorted(table.builtin | table.custom) for name, table in tables(family).items()}


def sets() -> list[str]:
    """The names of all IP sets."""
    listed = subprocess.run(["ipset", "list", "-name"], capture_output=True, text=True, check=False)
    return listed.stdout.split()


def guard() -> None:
    """Drop packets to the cluster's addresses that come neither from this machine nor from its pods.

    Linux answers for an address of any of its interfaces on all of them, and forwards to pods and services, so a host
    with a route would reach the API server, the kubelet, the DNS server and every pod. 127.0.0.0/8 is among them since
    kube-proxy switches ``route_localnet`` on for node ports. The table ``raw`` is passed before connection tracking and
    address translation: answers to what pods ask of the outside still have this machine's address there.
    """
    accepted = [f"-A {GUARD} -i {link} -j RETURN" for link in ("lo", network.BRIDGE)]
    dropped = [f"-A {GUARD} -d {addresses} -j DROP" for addresses in _GUARDED]
    jump = f"-A PREROUTING -j {GUARD}"
    present = jump in tables("iptables").get("raw", Table()).rules
    chain = ["*raw", f":{GUARD} - [0:0]", *accepted, *dropped]
    _restore("iptables", [*chain, *([] if present else [f"-I PREROUTING 1 -j {GUARD}"]), "COMMIT", ""])


def enforces_policies() -> bool:
    """Whether forwarded packets already pass kube-router's chains."""
    return any("-j KUBE-ROUTER-FORWARD" in rule for rule in tables("iptables").get("filter", Table()).rules)


def remove(family: str, before: dict[str, list[str]]) -> None:
    """Remove the cluster's rules and chains, sparing every chain that was there ``before``, in one transaction a table.

    Rules of others that came in the meantime stay, and so do the built-in chains that hold them.
    """
    for name, table in tables(family).items():
        _restore(family, [f"*{name}", *removal(table, set(before.get(name, ()))), "COMMIT", ""])
        if name not in before:
            _remove_empty(family, name)


def removal(table: Table, before: set[str]) -> list[str]:
    """Lines for iptables-restore that take the cluster's rules and chains out of a table."""
    chosen = {chain for chain in table.custom if _CHAINS.match(chain)} - before
    rules = [rule for rule in table.rules if rule.split()[1] not in chosen and _is_ours(rule, chosen)]
    emptied = [f"-F {chain}" for chain in sorted(chosen)]
    return [*(f"-D{rule[2:]}" for rule in rules), *emptied, *(f"-X {chain}" for chain in sorted(chosen))]


def remove_sets(before: list[str]) -> None:
    """Destroy the IP sets of kube-router; no rule may use them any more."""
    for name in sets():
        if _SETS.match(name) and name not in before:
            subprocess.run(["ipset", "destroy", name], check=False, capture_output=True)


def remove_counters() -> None:
    """Remove the packet counters that kube-proxy's rules fed; no tool for that is installed by default.

    Message format: linux/netfilter/nfnetlink.h and nfnetlink_acct.h.
    """
    kind = _ACCOUNTING_SUBSYSTEM << 8 | _DELETE_COUNTER
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as netlink:
        for name in _COUNTERS:
            text = name.encode() + b"\0"
            attribute = struct.pack("HH", 4 + len(text), 1) + text + bytes(-len(text) % 4)
            body = struct.pack(">BBH", 0, 0, 0) + attribute
            netlink.send(struct.pack("IHHII", 16 + len(body), kind, _REQUEST, 0, 0) + body)


def _is_ours(rule: str, chosen: set[str]) -> bool:
    jump = _JUMP.search(rule)
    return bool(jump and jump[1] in chosen) or any(comment in rule for comment in _COMMENTS)


def _restore(family: str, lines: list[str]) -> None:
    text = "\n".join(lines)
    finished = subprocess.run(
        [f"{family}-restore", "--noflush", "--wait", "10"], input=text, capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        raise ClusterError(f"{family}-restore: {finished.stderr.strip()}")


def _remove_empty(family: str, name: str) -> None:
    """With the nftables back end a table comes into being with its first use; take it away, if nobody else uses it.

    The older back end always has its tables, and nftables then does not know of them.
    """
    table = tables(family).get(name, Table())
    if not table.rules and not table.custom:
        kind = "ip" if family == "iptables" else "ip6"
        subprocess.run(["nft", "delete", "table", kind, name], capture_output=True, check=False)
