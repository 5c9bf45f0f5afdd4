"""The page's own API, as far as measurements need it."""

from __future__ import annotations

import base64

import httpx

from local.cluster.api import Api, Object

LABELLING = """
<View>
  <Text name="text" value="$text"/>
  <Choices name="kind" toName="text"><Choice value="cat"/><Choice value="dog"/></Choices>
</View>
"""
ANNOTATION = {"result": [{"from_name": "kind", "to_name": "text", "type": "choices", "value": {"choices": ["cat"]}}]}


def administrator(api: Api, deployment: Object) -> tuple[str, str]:
    """The first user's e-mail address and password."""
    namespace = deployment["metadata"]["namespace"]
    [app] = [each for each in deployment["spec"]["template"]["spec"]["containers"] if each["name"] == "app"]
    variables = {each["name"]: each for each in app["env"]}
    reference = variables["LABEL_STUDIO_PASSWORD"]["valueFrom"]["secretKeyRef"]
    secret = api.get(f"/api/v1/namespaces/{namespace}/secrets/{reference['name']}")["data"][reference["key"]]
    return str(variables["LABEL_STUDIO_USERNAME"]["value"]), base64.b64decode(secret).decode()


def log_in(url: str, email: str, password: str) -> httpx.Client:
    """A session of the page."""
    http = httpx.Client(base_url=url, timeout=120, trust_env=False)
    http.get("/user/login/").raise_for_status()
    form = {"email": email, "password": password, "csrfmiddlewaretoken": http.cookies["csrftoken"]}
    assert http.post("/user/login/", data=form, headers={"Referer": url}).is_redirect, "the administrator cannot log in"
    http.headers.update({"X-CSRFToken": http.cookies["csrftoken"], "Referer": url})
    return http


def new_project(http: httpx.Client) -> tuple[int, int]:
    """A project of one task, and the task."""
    project = json_of(http.post("/api/projects/", json={"title": "Bench", "label_config": LABELLING}))["id"]
    json_of(http.post(f"/api/projects/{project}/import", json=[{"text": "a cat"}]))
    return project, json_of(http.get("/api/tasks", params={"project": project}))["tasks"][0]["id"]


def json_of(response: httpx.Response) -> Object:
    """What an answer says; httpx.HTTPStatusError for an error."""
    response.raise_for_status()
    document: Object = response.json()
    return document
