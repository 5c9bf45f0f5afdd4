"""The config key ``projects[].mlBackends``: model servers that predict annotations and learn from them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from ..kubernetes import names
from ..label_studio.environment_settings import looks_secret
from ..settings.base import ListOf, Resources, Scheduling, SecretReference, SettingsModel
from ..settings.grammars.hosts import Addresses, Port, ReceiverUrl
from ..settings.grammars.images import Image
from ..settings.grammars.kubernetes import KubernetesName, UserId
from ..settings.grammars.quantities import VolumeSize
from ..settings.grammars.text import EnvironmentName, Text, line
from ..settings.located import refuse_entries
from .webhook_settings import Action, WebhookSettings

MAXIMUM_NAME = 30
# What Label Studio tells a model server of; ``trainAfter`` comes besides.
EVENTS: tuple[Action, ...] = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED")
# Of the container, with what the program gives it.
OWN_VARIABLES = ("HOME", "TMPDIR", "PORT", "LABEL_STUDIO_URL", "AWS_REQUEST_CHECKSUM_CALCULATION")
OWN_PREFIXES = ("SOURCE_", "EXPORT_")


def _model_name(value: str) -> str:
    if len(value) > MAXIMUM_NAME:
        raise ValueError(f"must be at most {MAXIMUM_NAME} characters: it becomes part of the names of a Service")
    return value


class ModelServer(SettingsModel):
    """An image that the stack runs, which answers the requests of Label Studio's documentation on one port."""

    image: Image = Field(
        description="Image with a tag; it must run as a numbered user, without writing anywhere but to /tmp."
    )
    port: Port = Field(9090, description="Port that it listens on, for /health, /setup, /predict and /webhook.")
    replicas: int = Field(
        1, ge=1, le=20, description="Pods; each one learns by itself, from the events that happen to reach it."
    )
    resources: Resources = Field(
        Resources(cpu_request="100m", cpu_limit="1", memory="1Gi"), description="Resources of one pod."
    )
    gpus: int = Field(0, ge=0, le=16, description="GPUs of one pod, as nvidia.com/gpu.")
    scheduling: Scheduling = Field(Scheduling(), description="Where the pods may run, such as on nodes with GPUs.")
    scratch_size: VolumeSize = Field("1Gi", description="Disk of the node below /tmp; it is gone with the pod.")
    env: dict[EnvironmentName, Text] = Field({}, description="Further variables, never secret ones.")
    env_secrets: dict[EnvironmentName, SecretReference] = Field(
        {}, description="Further variables whose values are in Secrets."
    )
    run_as_user: UserId | None = Field(
        None, description="User of the pods where cluster.runAsUser is image; by default that of the image."
    )

    @model_validator(mode="after")
    def _variables_are_free(self) -> Self:
        for key, given in {"env": [*self.env], "envSecrets": [*self.env_secrets]}.items():
            own = (name for name in given if name in OWN_VARIABLES or name.startswith(OWN_PREFIXES))
            refuse_entries(key, ((name, "is a variable of the stack's own; choose another name") for name in own))
        secret = [name for name, value in self.env.items() if looks_secret(name, value)]
        refuse_entries(
            "env", ((name, "looks like a secret; put it into a Secret and name it in envSecrets") for name in secret)
        )
        twice = [name for name in self.env_secrets if name in self.env]
        refuse_entries("envSecrets", ((name, "is in env too; keep one") for name in twice))
        return self


class ModelSettings(SettingsModel):
    """A model server, and when Label Studio asks it. ``name`` is its identity: all else may change."""

    name: Annotated[KubernetesName, AfterValidator(_model_name)] = Field(description="Identity within the project.")
    title: Annotated[str, line(1, 63)] | None = Field(
        None, description="Name on Label Studio's page; by default the name."
    )
    url: ReceiverUrl | None = Field(None, description="Address of a server that runs elsewhere.")
    addresses: Addresses | None = Field(
        None,
        description="Addresses and networks of a url with a host name, for network policies; "
        "by default the internet, where labelStudio.outbound opens it.",
    )
    server: ModelServer | None = Field(None, description="A server that the stack runs.")
    shown: bool | None = Field(
        None,
        description="Whether the page shows the predictions of its current version; by default where the project has "
        "no other.",
    )
    predict_on_open: bool = Field(
        False, description="Whether it is asked when somebody opens a task without predictions; of the shown one."
    )
    predict_after_sync: bool = Field(
        False, description="Whether it is asked, after each sync, about all tasks without predictions of its version."
    )
    train_after: int = Field(
        0, ge=0, le=1_000_000, description="New annotations after which it is told to train; 0 for never."
    )

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if (self.url is None) == (self.server is None):
            raise ValueError("needs url or server, and not both")
        if self.server and self.addresses:
            raise ValueError("addresses are for a url: the stack knows where its own server is; leave them out")
        return self

    @property
    def page_title(self) -> str:
        """The title on Label Studio's page."""
        return self.title or self.name

    @property
    def server_url(self) -> str | None:
        """The url as Label Studio has it, which appends paths to it."""
        return self.url.rstrip("/") if self.url else None

    def receiver(self) -> WebhookSettings | None:
        """The url as one that events are sent to, whose rules about networks are the same."""
        if self.url is None:
            return None
        return WebhookSettings(url=self.url, actions=EVENTS, addresses=self.addresses)


def server_name(stack: str, project: str, model: str) -> str:
    """The name of the Deployment and the Service of a server."""
    return names.fitted(f"{stack}-{project}-ml-{model}", names.WORKLOAD)


def model_problems(models: ListOf[ModelSettings]) -> str | None:
    """What is wrong with several model servers together."""
    called, titled = [model.name for model in models], [model.page_title for model in models]
    if len(set(called)) < len(called):
        return "mlBackends has a name twice; give each its own"
    if len(set(titled)) < len(titled):
        return "mlBackends has a title twice, by which Label Studio tells them apart; give each its own"
    if len([model for model in models if model.shown]) > 1:
        return "mlBackends has several with shown: true; the page shows one, leave it out of the others"
    for model in models:
        if model.predict_on_open and model is not shown(models):
            return (
                f"mlBackends: predictOnOpen of {model.name} has no effect, since Label Studio asks the shown one "
                "alone; write shown: true there, or leave predictOnOpen out"
            )
    return None


def shown(models: ListOf[ModelSettings]) -> ModelSettings | None:
    """The one whose predictions the page shows; None where people choose on the page."""
    if len(models) == 1:
        return None if models[0].shown is False else models[0]
    return next((model for model in models if model.shown), None)


def object_names(project: str, models: ListOf[ModelSettings]) -> list[str]:
    """The names of objects besides those that every project has, as ``project_names`` compares them."""
    made = [f"{project}-ml-{model.name}" for model in models if model.server]
    return [*made, *(f"{name}-page" for name in made), *([f"{project}-models"] if len(made) < len(models) else [])]
