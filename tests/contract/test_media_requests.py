"""How browsers fetch audio and video from a bucket itself, by pre-signed URLs: in pieces, and from another origin."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.contract.minio import ROOT, minio

ORIGIN = "https://label-studio.example.com"


def test_pieces_of_media_for_the_page_of_another_origin(tmp_path: Path) -> None:
    with minio(tmp_path) as server:
        s3 = server.client("s3", ROOT)
        s3.create_bucket(Bucket="media")
        s3.put_object(Bucket="media", Key="film.mp4", Body=bytes(range(100)), ContentType="video/mp4")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "media", "Key": "film.mp4"})
        asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
        may = httpx.options(url, headers={"Origin": ORIGIN, **asks})
        piece = httpx.get(url, headers={"Origin": ORIGIN, "Range": "bytes=10-19"})
    assert may.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)
    assert piece.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)
    assert (piece.status_code, piece.content) == (httpx.codes.PARTIAL_CONTENT, bytes(range(10, 20)))
    assert "Content-Range" in piece.headers
