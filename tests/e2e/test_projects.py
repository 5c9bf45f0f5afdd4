"""From a folder of images to exported annotations: two declared projects, by the tools that people use."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from botocore.exceptions import ClientError
from PIL import Image, ImageDraw
from pycocotools.coco import COCO
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from cli.cluster import Cluster
from cli.stack import Place, SecretKey
from cli.store import open_store
from tests.e2e.browser import browser_page, log_in, screenshot
from tests.e2e.deployment import Deployment
from tests.e2e.receiver import URL, Receiver, receiver
from tests.e2e.test_dev_stack import pictures
from tests.engine.kubectl import Kubectl

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROOT = Path(__file__).resolve().parents[2]
IMAGES, ANNOTATIONS = 200, 20
WIDTH, HEIGHT = 320, 240
RED = (220, 20, 20)
LABELLING = """
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="cat"/><Label value="dog"/></RectangleLabels>
</View>
"""
BAD_LABELLING = LABELLING.replace('toName="image"', 'toName="picture"')
TOKEN = "token-of-the-receiver"
HOOK = {
    "url": f"{URL}/cats",
    "actions": ["ANNOTATION_CREATED", "EXPORT_DONE"],
    "secret": {"secretName": "receiver", "secretKey": "token"},
}
EXPORT = {"format": "COCO", "schedule": "@yearly", "withData": True, "keep": 2}
CATS = {"name": "cats", "title": "Cats", "labelConfig": LABELLING, "webhooks": [HOOK], "exports": [EXPORT]}
DOGS = {"name": "dogs", "title": "Dogs", "labelConfig": LABELLING, "target": {"canDeleteObjects": True}}
BIRDS = {"name": "birds", "title": "Birds", "labelConfig": LABELLING}
TITLES = {"Cats", "Dogs"}


def file_name(number: int) -> str:
    """The name of an image in the folder that is uploaded; every other one is in a folder of its own."""
    return f"more/{number:03}.png" if number % 2 else f"{number:03}.png"


def box(number: int) -> tuple[int, int, int, int]:
    """Left, top, width and height, in pixels, of what is red in an image; another box in each."""
    return 10 + number, 8 + number % 40, 60 + number % 30, 50 + number % 20


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    (folder / "more").mkdir()
    for number in range(IMAGES):
        image = Image.new("RGB", (WIDTH, HEIGHT), (190, 200, 60 + number // 2))
        left, top, width, height = box(number)
        ImageDraw.Draw(image).rectangle((left, top, left + width - 1, top + height - 1), fill=RED)
        image.save(folder / file_name(number))
    return folder


def declare(stack: Deployment, *projects: Mapping[str, Any]) -> None:
    stack.change({**stack.engine.settings, "label-studio:projects": list(projects)})


@pytest.fixture(scope="module")
def hooked(dev_stack: Deployment) -> Iterator[Receiver]:
    """A receiver of webhooks, and the Secret by which it knows who sends them."""
    metadata = {"name": "receiver", "namespace": dev_stack.namespace}
    token = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": TOKEN}}
    dev_stack.api.apply([token])
    page = next(it for it in dev_stack.objects("pods") if "ls-app" in it["metadata"]["labels"].values())
    with receiver(dev_stack.api, page["spec"]["containers"][0]["image"]) as started:
        yield started
    dev_stack.api.delete([token])


@pytest.fixture(scope="module")
def stack(dev_stack: Deployment, kubeconfig: Path, hooked: Receiver) -> Iterator[Deployment]:
    settings = dev_stack.engine.settings
    declare(dev_stack, CATS, DOGS)
    dev_stack.run("up")
    dev_stack.read_outputs()
    yield dev_stack
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig))
        cluster = Cluster(str(dev_stack.outputs["context"]), dev_stack.namespace)
        with open_store(cluster, place_of(dev_stack, "dogs-source")) as store:
            dogs = {"Bucket": store.place.bucket, "Prefix": store.place.prefix}
            store.client.list_objects_v2(**dogs)
            dev_stack.change(settings)
            dev_stack.run("up")  # other tests compare the stack with its settings
            with pytest.raises(ClientError, match="InvalidAccessKeyId"):  # the projects are no longer declared
                store.client.list_objects_v2(**dogs)


@pytest.fixture(scope="module")
def uploaded(run: Callable[..., str], images: Path) -> str:
    """What the sync said after the upload of all images to cats, and of one to dogs."""
    run("upload", "cats", images)
    one = images.parent / "one"
    one.mkdir(exist_ok=True)
    (one / "only.png").write_bytes((images / "000.png").read_bytes())
    run("upload", "dogs", one)
    run("sync", "dogs")
    return run("sync", "cats")


def project_id(stack: Deployment, title: str) -> int:
    with stack.session() as session:
        return session.projects()[title]


def tasks_of(stack: Deployment, title: str) -> list[dict[str, Any]]:
    with stack.session() as session:
        query = f"project={project_id(stack, title)}&page_size={IMAGES}&fields=all"
        tasks: list[dict[str, Any]] = session.request("GET", f"/api/tasks?{query}")["tasks"]
    return tasks


def annotation(number: int) -> dict[str, Any]:
    left, top, width, height = box(number)
    value = {
        "x": 100 * left / WIDTH,
        "y": 100 * top / HEIGHT,
        "width": 100 * width / WIDTH,
        "height": 100 * height / HEIGHT,
        "rotation": 0,
        "rectanglelabels": ["cat"],
    }
    size = {"original_width": WIDTH, "original_height": HEIGHT}
    result = {"from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": value, **size}
    return {"result": [result]}


@pytest.fixture(scope="module")
def annotated(stack: Deployment, uploaded: str) -> list[int]:
    """Which of the images have an annotation, made as the page makes them."""
    tasks = sorted(tasks_of(stack, "Cats"), key=lambda task: Path(task["storage_filename"]).name)[:ANNOTATIONS]
    numbers = [int(Path(task["storage_filename"]).stem) for task in tasks]
    with stack.session() as session:
        for task, number in zip(tasks, numbers, strict=True):
            session.request("POST", f"/api/tasks/{task['id']}/annotations/", json=annotation(number))
    return numbers


def place_of(stack: Deployment, grant: str) -> Place:
    """Where the key of a grant may work, as the outputs say."""
    granted = stack.outputs["buckets"][grant]
    secret = granted["keySecret"]["name"]
    endpoint = stack.outputs["objectStoreEndpoint"]
    access_key, secret_key = SecretKey(secret, "access-key"), SecretKey(secret, "secret-key")
    return Place(granted["bucket"], granted["prefix"], "us-east-1", endpoint, access_key, secret_key, None, None)


def test_uploaded_images_become_tasks(stack: Deployment, uploaded: str) -> None:
    assert uploaded.startswith(f"{IMAGES} tasks at {stack.outputs['url']}/projects/")
    tasks = tasks_of(stack, "Cats")
    assert {task["storage_filename"] for task in tasks} == {
        f"cats/input/{file_name(number)}" for number in range(IMAGES)
    }
    assert [task["storage_filename"] for task in tasks_of(stack, "Dogs")] == ["dogs/input/only.png"]


@pytest.mark.usefixtures("uploaded")
def test_each_project_says_where_it_is(stack: Deployment, run: Callable[..., str]) -> None:
    told = run("list").splitlines()
    for title in TITLES:
        assert f"  page   {stack.outputs['url']}/projects/{project_id(stack, title)}" in told
    assert "  source s3://label-studio-projects/cats/input/" in told


@pytest.mark.usefixtures("annotated")
def test_a_person_sees_an_image_of_the_bucket(stack: Deployment, tmp_path: Path) -> None:
    task = next(task for task in tasks_of(stack, "Cats") if task["total_annotations"])
    with browser_page() as page:
        log_in(page, stack.outputs["url"], stack.outputs["administrator"], stack.password)
        page.goto(f"{stack.outputs['url']}/projects/{project_id(stack, 'Cats')}/data?task={task['id']}")
        from_bucket = f"image.naturalWidth === {WIDTH} && image.src.includes('/resolve')"
        page.wait_for_function(f"() => [...document.images].some(image => {from_bucket})")
        page.locator("text=cat").nth(1).wait_for()
        assert screenshot(page, pictures(tmp_path) / "annotate.png").stat().st_size > 20_000


def test_annotations_arrive_in_the_target(stack: Deployment, cluster: Cluster, annotated: list[int]) -> None:
    @retry(stop=stop_after_delay(60), wait=wait_fixed(1), retry=retry_if_result(lambda found: len(found) < ANNOTATIONS))
    def stored() -> list[dict[str, Any]]:
        return [json.loads(content) for content in store.read(store.names())]

    with open_store(cluster, place_of(stack, "cats-export")) as store:
        objects = stored()
    assert len(objects) == ANNOTATIONS
    files = {Path(str(next(iter(it["task"]["data"].values())))).name for it in objects}
    assert files == {f"{number:03}.png" for number in annotated}


def typed(stack: Deployment, endpoint: str) -> dict[str, Any]:
    """A storage as a person types it into the page's form, with the key of a declared project."""
    key = "label-studio-store-cats-source"
    return {
        "title": "Typed",
        "bucket": stack.outputs["buckets"]["cats-source"]["bucket"],
        "prefix": stack.outputs["buckets"]["cats-source"]["prefix"],
        "s3_endpoint": endpoint,
        "aws_access_key_id": key,
        "aws_secret_access_key": stack.secret_values()[f"{key}/secret-key"],
        "use_blob_urls": True,
        "presign": False,
    }


@pytest.mark.usefixtures("uploaded")
def test_a_storage_typed_on_the_page_reaches_the_object_store_and_nothing_else(stack: Deployment) -> None:
    with stack.session() as session:
        project = session.create_project("Typed", LABELLING)
        storage = {**typed(stack, stack.outputs["objectStoreEndpoint"]), "project": project}
        made = session.request("POST", "/api/storages/s3/", json=storage)
        assert session.request("POST", f"/api/storages/s3/{made['id']}/sync")["status"] in ("queued", "completed")
        database = stack.outputs["postgresql"]
        for private in (
            f"http://{database['host']}:{database['port']}",
            "http://169.254.169.254",
            "http://127.0.0.1:8000",
        ):
            with pytest.raises(AssertionError, match="URL resolves to a reserved network address"):
                session.request("POST", "/api/storages/s3/", json={**storage, "s3_endpoint": private})


def test_coco_export_points_at_what_is_in_the_images(
    run: Callable[..., str], images: Path, annotated: list[int], tmp_path: Path
) -> None:
    run("export", "cats", "COCO", "--output", tmp_path)
    coco = COCO(str(tmp_path / "cats" / "COCO" / "result.json"))
    assert len(coco.getImgIds()) == len(coco.getAnnIds()) == len(annotated)
    for found in coco.loadAnns(coco.getAnnIds()):
        [image] = coco.loadImgs(found["image_id"])
        assert coco.loadCats(found["category_id"])[0]["name"] == "cat"
        assert_is_what_is_red(images / image["file_name"], found["bbox"])


def test_yolo_export_points_at_what_is_in_the_images(
    run: Callable[..., str], images: Path, annotated: list[int], tmp_path: Path
) -> None:
    run("export", "cats", "YOLO", "--output", tmp_path)
    folder = tmp_path / "cats" / "YOLO"
    classes = (folder / "classes.txt").read_text().split()
    # A folder becomes a part of the name, since YOLO has none.
    files = {int(file.stem.rpartition("__")[2]): file for file in (folder / "labels").iterdir()}
    assert sorted(files) == sorted(annotated)
    for number, file in files.items():
        kind, *numbers = file.read_text().split()
        assert classes[int(kind)] == "cat"
        x, y, width, height = map(float, numbers)
        corner = ((x - width / 2) * WIDTH, (y - height / 2) * HEIGHT)
        assert_is_what_is_red(images / file_name(number), [*corner, width * WIDTH, height * HEIGHT])


def test_a_download_has_each_image_beside_its_annotations(
    run: Callable[..., str], images: Path, annotated: list[int], tmp_path: Path
) -> None:
    printed = run("download", "cats", "COCO", tmp_path / "cats")
    assert f"{ANNOTATIONS} annotations of {ANNOTATIONS} tasks and {ANNOTATIONS} files are in" in printed
    coco = COCO(str(tmp_path / "cats" / "result.json"))
    for image in coco.loadImgs(coco.getImgIds()):
        [found] = coco.loadAnns(coco.getAnnIds(image["id"]))
        downloaded = tmp_path / "cats" / "images" / image["file_name"]
        assert downloaded.read_bytes() == (images / image["file_name"]).read_bytes()
        assert_is_what_is_red(downloaded, found["bbox"])


def test_each_other_format_has_every_annotation(run: Callable[..., str], annotated: list[int], tmp_path: Path) -> None:
    for kind in ("VOC", "JSON_MIN", "CSV"):
        printed = run("export", "cats", kind, "--output", tmp_path)
        assert f"{ANNOTATIONS} annotations of {ANNOTATIONS} tasks are in" in printed
    folder = tmp_path / "cats"
    with (folder / "CSV" / "result.csv").open() as file:
        rows = [*csv.DictReader(file), *json.loads((folder / "JSON_MIN" / "result.json").read_text())]
    expected = sorted(f"{number:03}" for number in annotated)
    assert sorted(Path(row["image"]).stem for row in rows) == sorted(2 * expected)
    # A folder becomes a part of the name, as in YOLO.
    assert sorted(it.stem.rpartition("__")[2] for it in (folder / "VOC" / "Annotations").iterdir()) == expected


def test_the_page_exports_by_a_job_that_says_how_far_it_is(stack: Deployment, annotated: list[int]) -> None:
    project = project_id(stack, "Cats")
    with stack.session() as session:
        answer = session.http.get(f"/api/projects/{project}/export?exportType=JSON", follow_redirects=True)
        [made] = session.request("GET", f"/api/projects/{project}/exports/")
        other = session.http.get(f"/api/projects/{project}/export?exportType=CONLL2003")
    assert len(answer.json()) == len(annotated)
    assert answer.headers["filename"].endswith(".json")
    assert (made["title"], made["status"]) == ("Exported by the page, delivered", "completed")
    assert made["counters"] == {"task_number": len(annotated), "tasks": len(annotated)}
    assert f"page-export-{made['id']}" in stack.logs(**{"app.kubernetes.io/name": "ls-worker"})
    assert "cannot be exported as CONLL2003" in other.json()["detail"]


@pytest.fixture(scope="module")
def exported(stack: Deployment, cluster: Cluster, annotated: list[int], hooked: Receiver) -> dict[str, Any]:
    """What the receiver was told of an export that its CronJob made now."""
    kubectl = Kubectl(Path(os.environ["KUBECONFIG"]), stack.namespace)
    kubectl("create", "job", "now", "--from", "cronjob/label-studio-cats-export-coco-with-data")
    kubectl("wait", "--for=condition=complete", "--timeout=150s", "job/now")
    [done] = [it["body"] for it in hooked.received() if it["body"]["action"] == "EXPORT_DONE"]
    assert (done["project"], done["format"], done["annotations"]) == ("cats", "COCO-with-data", len(annotated))
    return dict(done)


def test_receivers_hear_of_annotations_and_of_a_scheduled_export(
    run: Callable[..., str], annotated: list[int], exported: dict[str, Any], hooked: Receiver
) -> None:
    received = hooked.received()
    assert {it["path"] for it in received} == {"/cats"}
    assert {it["headers"]["Authorization"] for it in received} == {f"Bearer {TOKEN}"}
    assert len([it for it in received if it["body"]["action"] == "ANNOTATION_CREATED"]) == len(annotated)
    assert f"COCO-with-data: {len(annotated)} annotations, {exported['object']}" in run("list")


def test_an_archive_has_each_image_beside_its_annotations(
    stack: Deployment, cluster: Cluster, images: Path, exported: dict[str, Any], tmp_path: Path
) -> None:
    bucket, _, key = exported["object"].removeprefix("s3://").partition("/")
    place = place_of(stack, "cats-archives")
    with open_store(cluster, place) as store:
        assert refused(store.client.get_object, Bucket=bucket, Key=key)
        assert refused(store.client.list_objects_v2, Bucket=bucket, Prefix="cats/")
    root = [SecretKey("label-studio-store-root", key) for key in ("root-user", "root-password")]
    with open_store(cluster, replace(place, access_key_id=root[0], secret_access_key=root[1])) as store:
        content = store.client.get_object(Bucket=bucket, Key=key)["Body"].read()
    ZipFile(BytesIO(content)).extractall(tmp_path)
    coco = COCO(str(tmp_path / "result.json"))
    assert len(coco.getAnnIds()) == ANNOTATIONS
    for image in coco.loadImgs(coco.getImgIds()):
        [found] = coco.loadAnns(coco.getAnnIds(image["id"]))
        file = tmp_path / "images" / image["file_name"]
        assert file.read_bytes() == (images / image["file_name"]).read_bytes()
        assert_is_what_is_red(file, found["bbox"])


def assert_is_what_is_red(file: Path, bounding_box: list[float]) -> None:
    left, top, width, height = (round(number) for number in bounding_box)
    with Image.open(file) as image:
        inside = image.crop((left, top, left + width, top + height)).getcolors()
        red = sum(count for count, colour in image.getcolors() or [] if colour == RED)
    assert inside == [(width * height, RED)]
    assert red == width * height


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error.response
        return True
    return False


@pytest.mark.usefixtures("annotated")
def test_keys_may_do_nothing_else(stack: Deployment, cluster: Cluster) -> None:
    bucket = stack.outputs["buckets"]["cats-source"]["bucket"]
    uploads = stack.outputs["buckets"]["uploads"]["bucket"]
    image = {"Bucket": bucket, "Key": "cats/input/000.png"}
    with open_store(cluster, place_of(stack, "cats-source")) as store:
        source = store.client
        assert not refused(source.get_object, **image)
        assert refused(source.put_object, **image, Body=b"")
        assert refused(source.delete_object, **image)
        assert refused(source.list_objects_v2, Bucket=bucket, Prefix="cats/output/")
        assert refused(source.list_objects_v2, Bucket=bucket, Prefix="dogs/input/")
        assert refused(source.list_objects_v2, Bucket=bucket)
        assert refused(source.list_objects_v2, Bucket=uploads)
        assert refused(source.get_object, Bucket=bucket, Key="dogs/input/only.png")
    with open_store(cluster, place_of(stack, "cats-upload")) as store:
        assert refused(store.client.get_object, **image)
        assert refused(store.client.delete_object, Bucket=bucket, Key="dogs/input/only.png")
        assert refused(store.client.put_object, Bucket=bucket, Key="dogs/input/stranger.png", Body=b"")
    assert_may_delete_only_when_told(stack, cluster, bucket)


def assert_may_delete_only_when_told(stack: Deployment, cluster: Cluster, bucket: str) -> None:
    for project, may_delete in {"cats": False, "dogs": True}.items():
        with open_store(cluster, place_of(stack, f"{project}-target")) as store:
            probe = {"Bucket": bucket, "Key": f"{project}/output/probe/"}
            store.client.put_object(**probe, Body=b"")
            assert refused(store.client.delete_object, **probe) is not may_delete
            assert refused(store.client.get_object, Bucket=bucket, Key=f"{project}/input/000.png")


@pytest.mark.usefixtures("uploaded")
def test_a_second_upload_does_nothing_and_can_be_taken_back(run: Callable[..., str], images: Path) -> None:
    assert f"0 files were uploaded to s3://label-studio-projects/cats/input/; {IMAGES} files were" in run(
        "upload", "cats", images
    )
    extra = images.parent / "extra"
    extra.mkdir()
    (extra / "extra.txt").write_text("no image")
    run("upload", "cats", extra)
    assert "1 files were deleted" in run("upload", "cats", extra, "--delete")


@pytest.mark.usefixtures("uploaded")
def test_a_second_up_changes_nothing(stack: Deployment) -> None:
    stack.run("up", "--expect-no-changes")


@pytest.mark.usefixtures("uploaded")
def test_another_project_touches_only_itself(stack: Deployment) -> None:
    declare(stack, CATS, DOGS, BIRDS)
    touched = {urn.rsplit("::", 1)[-1]: operation for urn, operation in stack.steps().items()}
    components = {"label-studio-dev", "label-studio-store"}
    # It knows whose keys are to stay.
    assert touched.pop("label-studio-store-retirement")
    assert touched, "the change must be seen"
    assert all("birds" in name for name in touched.keys() - components), touched
    assert {operation for name, operation in touched.items() if "birds" in name} == {"create"}


def test_bad_labelling_stops_everything_before_it_begins(stack: Deployment) -> None:
    declare(stack, CATS, DOGS, {**BIRDS, "labelConfig": BAD_LABELLING})
    printed = stack.run("up", check=False)
    message = 'labelConfig has toName="picture", but shows only: image'
    assert [line.strip() for line in printed.splitlines() if "picture" in line] == [f"- projects[2]: {message}"]
    assert "Nothing was changed" in printed


@pytest.mark.usefixtures("uploaded")
def test_a_missing_bucket_and_wrong_keys_are_one_line_each_and_change_nothing(
    stack: Deployment, cluster: Cluster
) -> None:
    before = {title: tasks_of(stack, title) for title in TITLES}
    missing = own_account(
        stack, "missing", "no-such-bucket", ("store-root", "root-user"), ("store-root", "root-password")
    )
    wrong = own_account(
        stack,
        "wrong",
        "label-studio-projects",
        ("store-cats-source", "access-key"),
        ("store-dogs-source", "secret-key"),
    )
    declare(stack, CATS, DOGS, missing, wrong)
    printed = stack.run("up", check=False)
    endpoint = stack.outputs["objectStoreEndpoint"]
    assert_says_once(printed, f"project missing: source: the bucket no-such-bucket does not exist at {endpoint}")
    assert_says_once(printed, f"project wrong: source: wrong keys: {endpoint} says that the secret access key is wrong")
    with stack.session() as session:
        titles = session.projects().keys()
    assert titles >= TITLES
    assert not titles & {"missing", "wrong"}
    assert {title: len(tasks_of(stack, title)) for title in TITLES} == {title: len(it) for title, it in before.items()}


def own_account(
    stack: Deployment, name: str, bucket: str, identifier: tuple[str, str], secret: tuple[str, str]
) -> dict[str, Any]:
    """A project whose source is declared as an S3 account of its own, as if the store were somebody else's."""
    references = {
        key: {"secretName": f"label-studio-{of}", "secretKey": part}
        for key, (of, part) in {"accessKeyId": identifier, "secretAccessKey": secret}.items()
    }
    endpoint = stack.outputs["objectStoreEndpoint"]
    source = {"bucket": bucket, "prefix": f"{name}/", "endpoint": endpoint, "credentials": references}
    return {"name": name, "labelConfig": LABELLING, "source": source, "target": None}


def assert_says_once(printed: str, message: str) -> None:
    """In the diagnostics at the end; above them the provider tells it once more as the job fails."""
    said = [line for line in printed.partition("Diagnostics:")[2].splitlines() if message in line]
    assert len(said) == 1, printed[-6000:]


@pytest.mark.usefixtures("annotated")
def test_a_project_that_is_no_longer_declared_keeps_its_annotations(stack: Deployment) -> None:
    declare(stack, DOGS)
    stack.run("up")
    annotations = [task["total_annotations"] for task in tasks_of(stack, "Cats")]
    assert sum(annotations) == ANNOTATIONS


def test_what_the_workflow_does_with_the_official_images(stack: Deployment, kubeconfig: Path, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({**stack.engine.outputs(), "administratorPassword": stack.password}))
    one = tmp_path / "images"
    one.mkdir()
    Image.new("RGB", (WIDTH, HEIGHT), RED).save(one / "walked.png")
    process = subprocess.run(
        [sys.executable, "-m", "scripts.ci.walk", str(outputs), "dogs", str(one)],
        cwd=ROOT,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith(f"Logged in at {stack.outputs['url']}, uploaded 1 files, annotated ")
