"""Packets of a drill that come late or not at all, in a network namespace that has nothing but its loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from local.paths import PROJECT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="rules of the firewall need root")
PORT = 7000
DELAY = 0.2
SCRIPT = f"""
import json, socket, subprocess, threading, time
from drills import packets

def serve(server):
    while True:
        connection, _ = server.accept()
        connection.sendall(connection.recv(1))

def seconds():
    began = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", {PORT}), timeout=0.9) as connection:
            connection.sendall(b"x")
            connection.recv(1)
    except TimeoutError:
        return None
    return time.monotonic() - began

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
packets.CHAIN = "INPUT"
pods = [{{"status": {{"podIP": "127.0.0.1"}}}}]
threading.Thread(target=serve, args=[socket.create_server(("127.0.0.1", {PORT}))], daemon=True).start()
found = {{"before": seconds()}}
with packets.silent(pods, {PORT}):
    found["silent"] = seconds()
with packets.slow(pods, {PORT}, {DELAY}, 0):
    found["slow"] = seconds()
with packets.slow(pods, {PORT}, 0, 1):
    found["lost"] = seconds()
found["after"] = seconds()
found["rules"] = subprocess.run(["iptables", "-S"], capture_output=True, text=True, check=True).stdout.count("-j")
print(json.dumps(found))
"""


def test_packets_are_dropped_or_late_within_the_block_alone() -> None:
    command = ["unshare", "--net", sys.executable, "-c", SCRIPT]
    process = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout)
    assert found["silent"] is found["lost"] is None
    # The connection and the byte have a packet each that waits.
    assert 2 * DELAY <= found["slow"] < 2 * DELAY + 0.3
    assert max(found["before"], found["after"]) < DELAY
    assert found["rules"] == 0
