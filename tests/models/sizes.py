"""A model server of the contract that Label Studio calls: it learns which widths people call large.

A task has a number ``width``; its annotation chooses ``small`` or ``large``. The model is a threshold between them,
learnt from the annotations in the bucket of the project; each training makes a new version. It needs nothing but the
standard library, since its image has nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen
from xml.etree import ElementTree

# The labelling configuration of such a project.
LABELLING = """
<View>
  <Text name="text" value="$width"/>
  <Choices name="size" toName="text"><Choice value="small"/><Choice value="large"/></Choices>
</View>
"""
UNTRAINED = 50.0
# Seconds that a training waits for annotations, which come to the bucket a moment after they are saved.
PATIENCE = 30.0
Example = tuple[float, str]
Read = Callable[[], Sequence[Example]]


class Bucket:
    """The annotations of the project, by the variables ``EXPORT_*`` that the stack gives."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.environment = environment

    def read(self) -> list[Example]:
        """Width and label of each annotation."""
        prefix = self.environment["EXPORT_PREFIX"]
        listing = ElementTree.fromstring(self._get("", {"list-type": "2", "prefix": prefix}))
        keys = [str(it.text) for it in listing.iter() if it.tag.endswith("}Key")]
        return [found for key in keys if not key.endswith("/") for found in examples(json.loads(self._get(key, {})))]

    def _get(self, key: str, query: Mapping[str, str]) -> bytes:
        """A request that is signed as Amazon's Signature Version 4 documents it."""
        endpoint = urlsplit(self.environment["EXPORT_ENDPOINT"])
        path = quote(f"/{self.environment['EXPORT_BUCKET']}/{key}")
        words = urlencode(sorted(query.items()), quote_via=quote, safe="")
        now = datetime.now(UTC)
        empty = hashlib.sha256(b"").hexdigest()
        headers = {"host": endpoint.netloc, "x-amz-content-sha256": empty, "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}"}
        canonical = [f"{name}:{value}" for name, value in headers.items()]
        request = "\n".join(["GET", path, words, *canonical, "", ";".join(headers), empty])
        scope = f"{now:%Y%m%d}/{self.environment['EXPORT_REGION']}/s3/aws4_request"
        text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()]
        key_of_day = f"AWS4{self.environment['EXPORT_SECRET_ACCESS_KEY']}".encode()
        for part in scope.split("/"):
            key_of_day = hmac.digest(key_of_day, part.encode(), "sha256")
        signature = hmac.digest(key_of_day, "\n".join(text).encode(), "sha256").hex()
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.environment['EXPORT_ACCESS_KEY_ID']}/{scope}, "
            f"SignedHeaders={';'.join(sorted(set(headers)))}, Signature={signature}"
        )
        url = f"{endpoint.scheme}://{endpoint.netloc}{path}{f'?{words}' if words else ''}"
        with urlopen(Request(url, headers=headers), timeout=10) as answer:
            content: bytes = answer.read()
        return content


def examples(annotation: Mapping[str, Any]) -> list[Example]:
    """What an annotation in the bucket says."""
    width = float(annotation["task"]["data"]["width"])
    return [(width, choice) for region in annotation["result"] for choice in region["value"].get("choices", ())]


class Model:
    """A threshold and its version; ``token`` is what Label Studio sent last."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.threshold = UNTRAINED
        self.trainings = self.asked = 0
        self.token = ""
        self.events: list[str] = []

    @property
    def version(self) -> str:
        """Another one after each training."""
        return f"sizes-{self.trainings}"

    def predict(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """One prediction, the less sure the nearer the width is to the threshold."""
        distance = float(task["data"]["width"]) - self.threshold
        value = {"choices": ["large" if distance > 0 else "small"]}
        region = {"from_name": "size", "to_name": "text", "type": "choices", "value": value}
        score = min(0.5 + abs(distance) / 100, 1.0)
        return {"result": [region], "score": score, "model_version": self.version}

    def train(self, expected: int) -> None:
        """Learn from the bucket, once it has as many annotations as Label Studio says."""
        deadline = time.monotonic() + PATIENCE
        while len(found := self.read()) < expected and time.monotonic() < deadline:
            time.sleep(0.5)
        small = [width for width, label in found if label == "small"]
        large = [width for width, label in found if label == "large"]
        if small and large:
            self.threshold = (max(small) + min(large)) / 2
            self.trainings += 1

    def answer(self, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to a request of Label Studio; None for a path that it does not call."""
        match path:
            case "/health" | "/":
                return {"status": "UP", "model_class": "sizes"}
            case "/setup":
                self.token = str(body.get("access_token") or "")
                Path(os.environ.get("TMPDIR", "/tmp"), "token").write_text(self.token)
                return {"model_version": self.version}
            case "/predict":
                self.asked += 1
                return {"results": [self.predict(task) for task in body["tasks"]]}
            case "/versions":
                return {"versions": [self.version]}
            case "/webhook":
                self.events.append(str(body["action"]))
                if body["action"] == "START_TRAINING":
                    expected = int(body["project"].get("total_annotations_number") or 0)
                    threading.Thread(target=self.train, args=[expected], daemon=True).start()
                return {"status": "ok"}
        return None


def server(model: Model, address: tuple[str, int]) -> ThreadingHTTPServer:
    """The model behind a port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = model.answer(self.path, json.loads(body or b"{}"))
            content = json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - the library calls it so

        def log_message(self, *_: Any) -> None: ...

    return ThreadingHTTPServer(address, Handler)


if __name__ == "__main__":
    server(Model(Bucket().read), ("", int(os.environ["PORT"]))).serve_forever()
