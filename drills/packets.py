"""Packets on their way to pods that are dropped, or that arrive late or not at all.

Delay and loss are made by a queue of netfilter (nfnetlink_queue) whose packets this process lets go when their time has
come: unlike netem, most kernels have it.
"""

from __future__ import annotations

import random
import select
import socket
import struct
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from local.cluster.api import Object

# Of <linux/netlink.h>, <linux/netfilter/nfnetlink.h> and <linux/netfilter/nfnetlink_queue.h>.
NETLINK_NETFILTER, SUBSYSTEM, REQUEST = 12, 3 << 8, 1
PACKET, VERDICT, CONFIG = SUBSYSTEM, SUBSYSTEM | 1, SUBSYSTEM | 2
COMMAND, PARAMETERS, LENGTH = 1, 2, 3
BIND, COPY_META = 1, 1
HEADER_OF_PACKET, HEADER_OF_VERDICT = 1, 2
DROP, ACCEPT = 0, 1
HEAD = struct.Struct("=IHHIIBBH")
QUEUE = 7
# What this machine passes on between its pods.
CHAIN = "FORWARD"
# Packets that wait at most; thousands a second pass to a busy database.
WAITING = 65536
Attribute = tuple[int, bytes]


@contextmanager
def silent(pods: Iterable[Object], port: int, protocol: str = "tcp") -> Iterator[None]:
    """No packet reaches this port of the pods during the block: callers hang instead of being refused."""
    with _diverted(pods, port, protocol, "DROP"):
        yield


@contextmanager
def slow(pods: Iterable[Object], port: int, seconds: float, loss: float) -> Iterator[None]:
    """Packets to this port come so much later during the block, and this part of them never."""
    with _queue(seconds, loss), _diverted(pods, port, "tcp", "NFQUEUE", "--queue-num", str(QUEUE), "--queue-bypass"):
        yield


@contextmanager
def _diverted(pods: Iterable[Object], port: int, protocol: str, *target: str) -> Iterator[None]:
    ends = [["--destination", pod["status"]["podIP"]] for pod in pods]
    rules = [[CHAIN, *end, "--protocol", protocol, "--dport", str(port), "-j", *target] for end in ends]
    try:
        for rule in rules:
            subprocess.run(["iptables", "--wait", "-I", *rule], check=True)
        yield
    finally:
        for rule in rules:
            subprocess.run(["iptables", "--wait", "-D", *rule], check=False, capture_output=True)


@contextmanager
def _queue(seconds: float, loss: float) -> Iterator[None]:
    """OSError where the kernel has no such queue."""
    stop = threading.Event()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024**2)
        kernel.bind((0, 0))
        kernel.send(_message(CONFIG, (COMMAND, struct.pack("!BxH", BIND, 0))))
        kernel.send(_message(CONFIG, (PARAMETERS, struct.pack("!IB", 0, COPY_META))))
        kernel.send(_message(CONFIG, (LENGTH, struct.pack("!I", WAITING))))
        thread = threading.Thread(target=_pass_on, args=(kernel, seconds, loss, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _pass_on(kernel: socket.socket, seconds: float, loss: float, stop: threading.Event) -> None:
    due: deque[tuple[float, int]] = deque()
    while not stop.is_set():
        pause = max(due[0][0] - time.monotonic(), 0) if due else 0.1
        if select.select([kernel], [], [], min(pause, 0.1))[0]:
            for packet in _packets(kernel):
                if random.random() < loss:
                    kernel.send(_verdict(packet, DROP))
                else:
                    due.append((time.monotonic() + seconds, packet))
        while due and due[0][0] <= time.monotonic():
            kernel.send(_verdict(due.popleft()[1], ACCEPT))
    for _, packet in due:
        kernel.send(_verdict(packet, ACCEPT))


def _packets(kernel: socket.socket) -> Iterator[int]:
    """The numbers of the packets that one message of the kernel tells of."""
    try:
        told = kernel.recv(65536)
    except OSError:
        # More at once than the buffer holds: the kernel drops them, as a network may.
        return
    while len(told) >= HEAD.size:
        length, kind, *_ = HEAD.unpack_from(told)
        if kind == PACKET:
            # The header of the packet is always the first attribute, and begins with its number.
            [number] = struct.unpack_from("!I", told, HEAD.size + 4)
            yield number
        told = told[(length + 3) & ~3 :]


def _verdict(packet: int, verdict: int) -> bytes:
    return _message(VERDICT, (HEADER_OF_VERDICT, struct.pack("!II", verdict, packet)))


def _message(kind: int, attribute: Attribute) -> bytes:
    number, value = attribute
    content = struct.pack("=HH", 4 + len(value), number) + value
    content += b"\0" * (-len(content) % 4)
    return HEAD.pack(HEAD.size + len(content), kind, REQUEST, 0, 0, 0, 0, socket.htons(QUEUE)) + content
