"""Label Studio itself: its chart, its page's address, its storage, its size."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..limits import REQUEST_SECONDS
from ..settings.base import ListOf, Resources, Scheduling, SecretReference, SettingsModel
from ..settings.grammars.hosts import Url
from ..settings.grammars.kubernetes import Annotations, ObjectName, UserId
from ..settings.grammars.quantities import MEBIBYTE, VolumeSize, parse_quantity
from ..settings.grammars.text import Email, EnvironmentName, Text
from ..settings.located import refuse_entries
from .access_settings import Ingress, Service
from .chart_settings import Chart, EmbeddedChart
from .environment_settings import canonical, owned_problems, plain_values, value_problems

# One uWSGI process of Label Studio 1.20.0 takes about 300 MiB once it has served a few pages.
PROCESS_MEMORY = 400 * MEBIBYTE


Outbound = Literal["none", "internet", "everywhere"]
# More pods than any cluster runs of one kind; a number that was mistyped.
MAXIMUM_REPLICAS = 1000
Replicas = Annotated[int, Field(ge=1, le=MAXIMUM_REPLICAS)]
EnvironmentValue = Text | int | float | bool


class VolumePersistence(SettingsModel):
    """Uploads and exports live on a volume."""

    type: Literal["volume"] = Field("volume", description="Uploads and exports live on a volume.")
    size: VolumeSize = Field("10Gi", description="Size of the volume.")
    storage_class: ObjectName | None = Field(None, description="Storage class; the cluster's default when not given.")
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] = Field(
        "ReadWriteOnce", description="ReadWriteMany lets several pods, on several nodes, share the volume."
    )


class S3Persistence(SettingsModel):
    """Uploads and exports live in the bucket of the object store."""

    type: Literal["s3"] = Field(description="Uploads and exports live in the bucket of the object store.")
    url_expiration: int = Field(86400, ge=60, le=604800, description="Seconds that a link to an upload stays valid.")


Persistence = Annotated[VolumePersistence | S3Persistence, Field(discriminator="type")]


class Administrator(SettingsModel):
    """The first user, superuser of the only organization; the only account while sign-up is off."""

    email: Email = Field("admin@example.com", description="Login name of the first administrator, in lower case.")
    existing_secret: SecretReference | None = Field(
        None, description="Secret with the password; one is generated when not given."
    )


class Autoscaling(SettingsModel):
    """A HorizontalPodAutoscaler on the pods' CPU."""

    min_replicas: Replicas = Field(2, description="Pods that always run.")
    max_replicas: int = Field(6, ge=2, le=MAXIMUM_REPLICAS, description="Pods at most.")
    target_cpu: int = Field(70, ge=10, le=100, description="CPU use, in percent of the requests, to keep on average.")

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"maxReplicas must be at least minReplicas ({self.min_replicas})")
        return self


class Worker(SettingsModel):
    """The queue workers; they run only where the stack has a Redis."""

    replicas: Replicas = Field(1, description="Pods that run queued jobs: storage syncs, exports, webhooks.")
    resources: Resources = Field(
        Resources(cpu_request="100m", cpu_limit="1", memory="1Gi"), description="Resources of one queue worker."
    )


class Security(SettingsModel):
    """What Label Studio refuses; every default is the strict one."""

    ssrf_protection: bool = Field(True, description="Refuse to import tasks from URLs of private networks.")
    block_local_ml_backends: bool = Field(False, description="Refuse model servers in private networks.")
    clean_svg: bool = Field(True, description="Take scripts out of uploaded SVG images.")
    local_files: bool = Field(False, description="Let projects read files of the pod as a storage.")
    cors_allowed_origins: ListOf[Url] = Field((), description="Other sites whose pages may call the API.")


class LabelStudioSettings(SettingsModel):
    """The config key ``labelStudio``."""

    chart: Chart = Field(EmbeddedChart(), description="Which Helm chart installs Label Studio.")
    replicas: Replicas = Field(1, description="Pods of the page and API; autoscaling takes its place.")
    autoscaling: Autoscaling | None = Field(None, description="Let the number of pods follow their CPU use.")
    resources: Resources = Field(
        Resources(cpu_request="500m", cpu_limit="2", memory="3Gi"), description="Resources of the application server."
    )
    nginx_resources: Resources = Field(
        Resources(cpu_request="50m", cpu_limit="500m", memory="256Mi"), description="Resources of the nginx sidecar."
    )
    migration_resources: Resources = Field(
        Resources(cpu_request="100m", cpu_limit="1", memory="1Gi"),
        description="Resources of the init container that migrates the database.",
    )
    uwsgi_processes: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Requests served at once by one pod; by default as many as CPU and memory bear. Those that wait "
        "for a store, a model or an export have half of them. With 1, one slow request holds all others, probes too.",
    )
    worker: Worker = Field(Worker(), description="The queue workers.")
    persistence: Persistence = Field(VolumePersistence(), description="Where uploads and exports live.")
    service: Service = Field(Service(), description="How the Service is reached.")
    ingress: Ingress | None = Field(None, description="Ingress in front of the Service.")
    url: Url | None = Field(
        None, description="Address of the page where no ingress of ours makes it, such as that of a load balancer."
    )
    signup: Literal["disabled", "enabled"] = Field(
        "disabled", description="Whether anybody who reaches the page may make an account; invitations always work."
    )
    administrator: Administrator = Field(Administrator(), description="The first user.")
    legacy_api_tokens: bool = Field(
        False, description="Switch on, for a new database, the API tokens that never expire (ML backends need them)."
    )
    security: Security = Field(Security(), description="What Label Studio refuses.")
    extra_environment_vars: dict[EnvironmentName, EnvironmentValue] = Field(
        {}, description="Further variables of Label Studio, never secret ones, such as LOG_LEVEL."
    )
    extra_environment_secrets: dict[EnvironmentName, SecretReference] = Field(
        {}, description="Further variables of Label Studio whose values are in Secrets."
    )
    service_account_annotations: Annotations = Field(
        {}, description="Annotations of the service account, such as the cloud role that may use the bucket."
    )
    pod_disruption_budget: bool = Field(True, description="Keep all but one pod while nodes are drained.")
    scheduling: Scheduling = Field(Scheduling(), description="Where the pods may run.")
    run_as_user: UserId | None = Field(
        1001,
        description="User, and group of volumes, of these pods where cluster.runAsUser is image; null where the "
        "platform assigns them.",
    )
    outbound: Outbound = Field(
        "internet",
        description="Where Label Studio may connect to besides its own services, for imports, webhooks, model servers; "
        "internet leaves out private networks.",
    )
    startup_timeout: int = Field(300, ge=30, le=3600, description="Seconds that a new pod may take until it answers.")
    termination_grace_period: int = Field(
        135, ge=30, le=3600, description=f"Seconds to end requests in; the longest one may take {REQUEST_SECONDS}."
    )
    release_timeout: int = Field(
        900, ge=60, le=7200, description="Seconds until an install or upgrade counts as failed."
    )

    @model_validator(mode="after")
    def _variables_are_free_and_plain(self) -> Self:
        plain, secret = list(self.extra_environment_vars), list(self.extra_environment_secrets)
        for key, names in {"extraEnvironmentVars": plain, "extraEnvironmentSecrets": secret}.items():
            refuse_entries(key, owned_problems(name for name in names if canonical(name) != "HOST"))
        refuse_entries("extraEnvironmentVars", value_problems(self.extra_environment_vars))
        return self

    @model_validator(mode="after")
    def _environment_is_usable(self) -> Self:
        given = {canonical(name): value for name, value in self.extra_environment_vars.items()}
        if "HOST" in given and str(given["HOST"]).rstrip("/") != self.page_url:
            instead = "leave it out" if self.page_url else "write labelStudio.url instead"
            raise ValueError(f"extraEnvironmentVars.LABEL_STUDIO_HOST follows from the page's address; {instead}")
        if any(canonical(name) == "HOST" for name in self.extra_environment_secrets):
            raise ValueError("extraEnvironmentSecrets.LABEL_STUDIO_HOST is derived; write labelStudio.url instead")
        twice = (name for name in self.extra_environment_secrets if canonical(name) in given)
        problems = ((name, "is in extraEnvironmentVars too; keep one") for name in twice)
        refuse_entries("extraEnvironmentSecrets", problems)
        return self

    @model_validator(mode="after")
    def _memory_holds_the_processes(self) -> Self:
        needs = {
            "resources": (self.resources, self.uwsgi_processes or 1),
            "migrationResources": (self.migration_resources, 1),
            "worker.resources": (self.worker.resources, 1),
        }
        for key, (resources, processes) in needs.items():
            if parse_quantity(resources.memory) < processes * PROCESS_MEMORY:
                needed = f"{processes * PROCESS_MEMORY // MEBIBYTE}Mi"
                raise ValueError(
                    f"{key}.memory must be at least {needed} for {processes} process(es) of Label Studio, 400Mi each"
                )
        return self

    @model_validator(mode="after")
    def _timeouts_nest(self) -> Self:
        if self.release_timeout <= self.startup_timeout:
            raise ValueError(
                f"releaseTimeout must be longer than startupTimeout ({self.startup_timeout}), which a new pod may take"
            )
        return self

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.url is not None and self.ingress_url not in (None, self.url):
            raise ValueError("url contradicts the ingress, whose host makes the address; leave url out")
        return self

    @model_validator(mode="after")
    def _chart_can_do_it(self) -> Self:
        if self.chart.flavour != "embedded":
            for key, value in {
                "nodePort": self.service.node_port,
                "loadBalancerSourceRanges": self.service.load_balancer_source_ranges,
            }.items():
                if value:
                    raise ValueError(f"service.{key} needs chart.flavour: embedded; other charts have no such value")
        return self

    @property
    def active_ingress(self) -> Ingress | None:
        """The ingress, unless it is switched off."""
        return self.ingress if self.ingress and self.ingress.enabled else None

    @property
    def ingress_url(self) -> str | None:
        """The address that the ingress gives the page."""
        return f"https://{self.active_ingress.host}" if self.active_ingress else None

    @property
    def page_url(self) -> str | None:
        """The address of the page, or None where only the cluster knows it."""
        return self.ingress_url or self.url

    @property
    def service_type(self) -> Literal["LoadBalancer", "NodePort", "ClusterIP"]:
        """The type of the Service, by default the documented one."""
        return self.service.type or ("ClusterIP" if self.ingress_url else "LoadBalancer")

    @property
    def maximum_replicas(self) -> int:
        """The most pods that may run at once."""
        return self.autoscaling.max_replicas if self.autoscaling else self.replicas

    @property
    def environment(self) -> dict[str, str]:
        """``extra_environment_vars`` as Label Studio reads them, without what the program derives."""
        variables = plain_values(self.extra_environment_vars)
        return {name: value for name, value in variables.items() if canonical(name) != "HOST"}

    @property
    def processes(self) -> int:
        """uWSGI processes of one pod: two for each core of the limit, as the image does, if memory bears them."""
        if self.uwsgi_processes is not None:
            return self.uwsgi_processes
        by_cpu = 2 * math.ceil(parse_quantity(self.resources.cpu_limit))
        by_memory = int(parse_quantity(self.resources.memory) / PROCESS_MEMORY)
        return max(1, min(by_cpu, by_memory))
