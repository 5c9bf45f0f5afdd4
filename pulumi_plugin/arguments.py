"""The arguments of the component package, made by `make reference` from the settings; do not edit."""

from typing import Any, NotRequired, TypedDict


class ClusterArgs(TypedDict):
    """The config key ``cluster``."""

    environment: NotRequired[str]
    """What the stack is for; prod refuses settings under which data can be lost or read."""
    context: str
    """Context of the kubeconfig to deploy to; no other one is ever used."""
    kubeconfig: NotRequired[str]
    """Path of the kubeconfig file; by default KUBECONFIG or ~/.kube/config."""
    namespace: NotRequired[str]
    """Namespace that everything of the stack lives in."""
    create_namespace: NotRequired[bool]
    """False when the namespace already exists; network policies then select pods of the stack only."""
    domain: NotRequired[str]
    """DNS domain of the cluster's Services."""
    run_as_user: NotRequired[Any]
    """User, and group of volumes, of every pod: image for the one of each image; null where the cluster assigns them, as OpenShift's restricted-v2 does. Pods of an operator have those that it gives them."""  # noqa: E501
    pod_security: NotRequired[str]
    """Pod security level that the namespace enforces."""
    network_policies: NotRequired[bool]
    """Deny all traffic of pods in the namespace but what the parts of the stack need."""
    ingress_namespace: NotRequired[str]
    """Namespace of the ingress controller, the only one to reach the page; any when not given."""
    protect_data: NotRequired[bool]
    """Refuse to delete databases, volumes and keys, and keep them when the stack is destroyed."""
    image_pull_secrets: NotRequired[list[str]]
    """Secrets of the namespace with which images are pulled."""


class StorageArgs(TypedDict):
    """A volume that a StatefulSet or an operator claims; no class means the cluster's default one."""

    size: str
    """Size of the volume, such as 20Gi."""
    storage_class: NotRequired[str]
    """Storage class; the cluster's default when not given."""


class ResourcesArgs(TypedDict):
    """Requests and limits of one container; memory is requested and limited alike so that it is never evicted first."""

    cpu_request: str
    """Cores that are reserved, such as 500m."""
    cpu_limit: str
    """Cores at most, such as 2."""
    memory: str
    """Memory that is reserved, and at most, such as 1Gi."""


class TolerationArgs(TypedDict):
    """A node taint that pods accept."""

    key: NotRequired[str]
    """Key of the taint; every key when not given."""
    operator: NotRequired[str]
    """Whether the value has to be equal too."""
    value: NotRequired[str]
    """Value of the taint, for Equal."""
    effect: NotRequired[str]
    """Effect of the taint; every effect when not given."""


class SchedulingArgs(TypedDict):
    """Where pods may run."""

    node_selector: NotRequired[dict[str, str]]
    """Labels that a node must have."""
    tolerations: NotRequired[list[TolerationArgs]]
    """Taints that the pods accept."""


class DumpsArgs(TypedDict):
    """The volume of the dumps that upgrades of Label Studio wait for."""

    size: NotRequired[str]
    """Size of the volume; a dump is smaller than its database."""
    storage_class: NotRequired[str]
    """Storage class; the cluster's default when not given."""
    keep: NotRequired[int]
    """Dumps that are kept; the volume holds one more for a moment."""


class SecretReferenceArgs(TypedDict):
    """A key of an existing Secret in the namespace of the stack."""

    secret_name: str
    """Name of the Secret."""
    secret_key: NotRequired[str]
    """Its key."""


class PostgresqlTlsArgs(TypedDict):
    """One of 2 kinds, which have these fields between them."""

    secret_name: NotRequired[str]
    """Secret with tls.crt, tls.key and ca.crt, made by cert-manager or you."""
    mode: NotRequired[str]
    """require encrypts only; verify-full also proves that it is the right server."""
    ca: NotRequired[SecretReferenceArgs]
    """CA certificate that signed the server's one."""


class CnpgAffinityArgs(TypedDict):
    """How instances keep away from each other."""

    pod_anti_affinity_type: NotRequired[str]
    """Whether two instances may share a topology domain when there is no other place."""
    topology_key: NotRequired[str]
    """Node label that tells the domains apart."""


class BackupCredentialsArgs(TypedDict):
    """The key with which backups are written or read."""

    access_key_id: SecretReferenceArgs
    """Key of a Secret that holds the access key id."""
    secret_access_key: SecretReferenceArgs
    """Key of a Secret that holds the secret access key."""


class CnpgBackupArgs(TypedDict):
    """Base backups and WAL archive through the barman-cloud plugin of CloudNativePG, which the cluster must have."""

    destination_path: str
    """Bucket and path such as s3://backups/label-studio, outside of the object store of this stack."""
    server_name: NotRequired[str]
    """Name of the cluster that writes there, a folder below the path; by default the cluster's own, which is label-studio-postgresql in every stack."""  # noqa: E501
    endpoint: NotRequired[str]
    """URL of the S3 server; Amazon S3 when not given."""
    addresses: NotRequired[list[str]]
    """Its addresses and networks, for network policies; or internet for every public one, or any."""
    endpoint_ca: NotRequired[SecretReferenceArgs]
    """CA certificate of the S3 server, when not public."""
    credentials: NotRequired[BackupCredentialsArgs]
    """Key of the bucket; without one the pods' own cloud identity is used."""
    retention: NotRequired[str]
    """How long backups are kept."""
    schedule: NotRequired[str]
    """When base backups are taken: six cron fields, seconds first."""
    compression: NotRequired[str]
    """Compression of base backups and of the write-ahead log."""


class CnpgRestoreArgs(TypedDict):
    """The backup that a new cluster begins with, read through the same plugin; nothing is written there."""

    destination_path: str
    """Bucket and path such as s3://backups/label-studio, outside of the object store of this stack."""
    server_name: NotRequired[str]
    """Name of the cluster that writes there, a folder below the path; by default the cluster's own, which is label-studio-postgresql in every stack."""  # noqa: E501
    endpoint: NotRequired[str]
    """URL of the S3 server; Amazon S3 when not given."""
    addresses: NotRequired[list[str]]
    """Its addresses and networks, for network policies; or internet for every public one, or any."""
    endpoint_ca: NotRequired[SecretReferenceArgs]
    """CA certificate of the S3 server, when not public."""
    credentials: NotRequired[BackupCredentialsArgs]
    """Key of the bucket; without one the pods' own cloud identity is used."""
    target_time: NotRequired[str]
    """Moment to restore, as in RFC 3339; the end of the archive when not given."""


class AdminCredentialsArgs(TypedDict):
    """A role that may create roles and databases; only the set-up job works as it."""

    user: str
    """Name of the role, such as postgres."""
    password: SecretReferenceArgs
    """Key of a Secret that holds its password."""
    database: NotRequired[str]
    """Database to connect to before Label Studio's one exists."""


class PostgresqlArgs(TypedDict):
    """One of 4 kinds, which have these fields between them."""

    database: NotRequired[str]
    """Database of Label Studio; made when it does not exist."""
    user: NotRequired[str]
    """Role that owns the database and that Label Studio works as."""
    version: NotRequired[int]
    """Major version of the server, 13 or higher; the image's tag has to agree with it."""
    storage: NotRequired[StorageArgs]
    """Volume of the data."""
    resources: NotRequired[ResourcesArgs]
    """Requests and limits of one server."""
    parameters: NotRequired[dict[str, str]]
    """PostgreSQL parameters such as max_connections."""
    scheduling: NotRequired[SchedulingArgs]
    """Nodes that servers may run on."""
    backend: str
    """Which of the kinds this is."""
    upgrade_backup: NotRequired[str]
    """Who makes the backup that an upgrade of Label Studio waits for: the stack, a dump of the database; or mine, and it does not wait."""  # noqa: E501
    dumps: NotRequired[DumpsArgs]
    """Volume of these dumps."""
    tls: NotRequired[PostgresqlTlsArgs]
    """Certificate of the server, for its Service's name; without one it speaks plain text."""
    instances: NotRequired[int]
    """Servers: one primary and its replicas."""
    wal_storage: NotRequired[StorageArgs]
    """Volume of its own for the write-ahead log."""
    affinity: NotRequired[CnpgAffinityArgs]
    """How instances spread over nodes or zones."""
    synchronous_replicas: NotRequired[int]
    """Replicas that confirm each commit; 0 replicates asynchronously."""
    backup: NotRequired[CnpgBackupArgs]
    """Backups; without it nothing but the volumes holds the data."""
    restore: NotRequired[CnpgRestoreArgs]
    """Begin with a backup instead of an empty database; ignored once the cluster is there."""
    service_account_annotations: NotRequired[dict[str, str]]
    """Annotations of the servers' service account, such as the cloud role that may use the bucket."""
    pod_monitor: NotRequired[bool]
    """Make a PodMonitor for the Prometheus operator."""
    operator_namespace: NotRequired[str]
    """Namespace of the operator."""
    flavor: NotRequired[str]
    """alauda adds the fields that only the operator of Data Services knows."""
    team_id: NotRequired[str]
    """Team of the cluster; its name begins with it, as the operator may demand."""
    secret_name_template: NotRequired[str]
    """How the operator is configured to name the Secrets of roles."""
    host: NotRequired[str]
    """Host name or IPv4 address."""
    port: NotRequired[int]
    """Port of the server."""
    addresses: NotRequired[list[str]]
    """Its addresses and networks, for network policies; or internet for every public one, or any."""
    password: NotRequired[SecretReferenceArgs]
    """Key of a Secret that holds the password of user."""
    admin_credentials: NotRequired[AdminCredentialsArgs]
    """With them a job makes role, database and extensions; without them it only checks."""


class ServerCertificateArgs(TypedDict):
    """TLS of a server in the cluster, from a Secret of type ``kubernetes.io/tls`` that also has the key ``ca.crt``."""

    secret_name: str
    """Secret with tls.crt, tls.key and ca.crt, made by cert-manager or you."""


class RedisSslArgs(TypedDict):
    """The five keys of ``global.redisConfig.ssl`` as Label Studio documents them."""

    redis_ssl_cert_reqs: NotRequired[str]
    """Whether the server's certificate is verified; empty means that it is not."""
    redis_ssl_secret_name: str
    """Secret that holds the certificates."""
    redis_ssl_ca_certs_secret_key: NotRequired[str]
    """Its key with the CA."""
    redis_ssl_cert_file_secret_key: NotRequired[str]
    """Its key with the client's certificate, when the server demands one."""
    redis_ssl_key_file_secret_key: NotRequired[str]
    """Its key with the client's private key, when the server demands a certificate."""


class RedisArgs(TypedDict):
    """One of 4 kinds, which have these fields between them."""

    resources: NotRequired[ResourcesArgs]
    """Requests and limits of the server; data may take three quarters of the memory."""
    storage: NotRequired[StorageArgs]
    """Volume of the append-only file."""
    options: NotRequired[dict[str, str]]
    """Further server options such as slowlog-max-len."""
    scheduling: NotRequired[SchedulingArgs]
    """Nodes that the server may run on."""
    backend: str
    """Which of the kinds this is."""
    tls: NotRequired[Any]
    """Certificate of the server, for its Service's name; without one it speaks plain text."""
    version: NotRequired[str]
    """Version of Redis; the operator is tested with these."""
    operator_namespace: NotRequired[str]
    """Namespace of the operator."""
    url: NotRequired[str]
    """redis://host:6379/1, without a password; rediss:// where the server speaks TLS."""
    addresses: NotRequired[list[str]]
    """Its addresses and networks, for network policies; or internet for every public one, or any."""
    password: NotRequired[SecretReferenceArgs]
    """Key of a Secret that holds the password."""
    ssl: NotRequired[RedisSslArgs]
    """Certificates for TLS, needed with rediss://."""


class PoolArgs(TypedDict):
    """Servers of a MinIO tenant that erasure-code their objects together; a tenant grows by further pools."""

    name: str
    """Name of the pool, such as pool-0."""
    servers: int
    """Servers of the pool; can never change."""
    volumes_per_server: int
    """Volumes of each server; can never change."""
    storage: NotRequired[StorageArgs]
    """One volume; its size times their number is raw space."""
    resources: NotRequired[ResourcesArgs]
    """Requests and limits of one server."""
    scheduling: NotRequired[SchedulingArgs]
    """Nodes that servers may run on."""


class S3CredentialsArgs(TypedDict):
    """An existing key for Label Studio."""

    access_key_id: SecretReferenceArgs
    """Key of a Secret that holds the access key id."""
    secret_access_key: SecretReferenceArgs
    """Key of a Secret that holds the secret access key."""
    session_token: NotRequired[SecretReferenceArgs]
    """Key of a Secret that holds the session token of temporary credentials."""


class ObjectStoreArgs(TypedDict):
    """One of 3 kinds, which have these fields between them."""

    bucket: NotRequired[str]
    """Bucket of uploads; projects may name further ones."""
    region: NotRequired[str]
    """Region that clients sign requests for; MinIO takes any."""
    backend: str
    """Which of the kinds this is."""
    pools: NotRequired[list[PoolArgs]]
    """Pools of servers."""
    versioning: NotRequired[bool]
    """Keep former versions of objects: deletions can be undone, snapshots repeated."""
    tls: NotRequired[ServerCertificateArgs]
    """Certificate of the servers; without one the operator has it signed by the cluster's CA."""
    operator_namespace: NotRequired[str]
    """Namespace of the operator."""
    storage: NotRequired[StorageArgs]
    """Volume of the objects."""
    resources: NotRequired[ResourcesArgs]
    """Requests and limits of the server."""
    scheduling: NotRequired[SchedulingArgs]
    """Nodes that the server may run on."""
    endpoint: NotRequired[str]
    """URL of the S3 server; Amazon S3 when not given."""
    addresses: NotRequired[list[str]]
    """Its addresses and networks, for network policies; or internet for every public one, or any."""
    credentials: NotRequired[S3CredentialsArgs]
    """Key for everything; without one the pods' own cloud identity is used."""
    grant_credentials: NotRequired[dict[str, S3CredentialsArgs]]
    """Keys of their own for some purposes, by the name of the purpose, such as uploads."""
    ca: NotRequired[SecretReferenceArgs]
    """CA certificate of the S3 server, when not public."""
    check: NotRequired[bool]
    """Have a job list each bucket with its key before Label Studio starts."""


class LabelStudioChartArgs(TypedDict):
    """One of 3 kinds, which have these fields between them."""

    flavour: NotRequired[str]
    """The chart that comes with this project."""
    source: NotRequired[str]
    """Repository (https://…), OCI reference (oci://…) or archive (….tgz)."""
    version: NotRequired[str]
    """Version of the chart; ignored for an archive."""


class AutoscalingArgs(TypedDict):
    """A HorizontalPodAutoscaler on the pods' CPU."""

    min_replicas: NotRequired[int]
    """Pods that always run."""
    max_replicas: NotRequired[int]
    """Pods at most."""
    target_cpu: NotRequired[int]
    """CPU use, in percent of the requests, to keep on average."""


class WorkerArgs(TypedDict):
    """The queue workers; they run only where the stack has a Redis."""

    replicas: NotRequired[int]
    """Pods that run queued jobs: storage syncs, exports, webhooks."""
    resources: NotRequired[ResourcesArgs]
    """Resources of one queue worker."""


class LabelStudioPersistenceArgs(TypedDict):
    """One of 2 kinds, which have these fields between them."""

    type: NotRequired[str]
    """Uploads and exports live on a volume."""
    size: NotRequired[str]
    """Size of the volume."""
    storage_class: NotRequired[str]
    """Storage class; the cluster's default when not given."""
    access_mode: NotRequired[str]
    """ReadWriteMany lets several pods, on several nodes, share the volume."""
    url_expiration: NotRequired[int]
    """Seconds that a link to an upload stays valid."""


class ServiceArgs(TypedDict):
    """The Service ``<name>-ls-app``."""

    type: NotRequired[str]
    """LoadBalancer by default; ClusterIP by default behind an ingress."""
    node_port: NotRequired[int]
    """Port of every node (type NodePort)."""
    annotations: NotRequired[dict[str, str]]
    """Annotations for the load balancer's controller."""
    load_balancer_source_ranges: NotRequired[list[str]]
    """CIDRs that may use the load balancer."""


class IngressTlsArgs(TypedDict):
    """The certificate that an ingress shows."""

    secret_name: str
    """Secret of type kubernetes.io/tls with the certificate and its key."""
    hosts: NotRequired[list[str]]
    """Hosts of the certificate; the ingress's host when not given."""


class IngressArgs(TypedDict):
    """An Ingress in front of the Service; it always speaks TLS."""

    enabled: NotRequired[bool]
    """False takes the ingress away without losing its settings."""
    host: str
    """DNS name of the page, such as label-studio.example.com."""
    tls: list[IngressTlsArgs]
    """Certificates; one of them must cover the host."""
    class_name: NotRequired[str]
    """Ingress class; the cluster's default when not given."""
    annotations: NotRequired[dict[str, str]]
    """Annotations for the ingress controller."""
    max_body_size: NotRequired[str]
    """Largest upload that ingress-nginx lets through; 200m at most, as nginx in the pod takes no more."""


class AdministratorArgs(TypedDict):
    """The first user, superuser of the only organization; the only account while sign-up is off."""

    email: NotRequired[str]
    """Login name of the first administrator, in lower case."""
    existing_secret: NotRequired[SecretReferenceArgs]
    """Secret with the password; one is generated when not given."""


class SecurityArgs(TypedDict):
    """What Label Studio refuses; every default is the strict one."""

    ssrf_protection: NotRequired[bool]
    """Refuse to import tasks from URLs of private networks."""
    block_local_ml_backends: NotRequired[bool]
    """Refuse model servers in private networks."""
    clean_svg: NotRequired[bool]
    """Take scripts out of uploaded SVG images."""
    local_files: NotRequired[bool]
    """Let projects read files of the pod as a storage."""
    cors_allowed_origins: NotRequired[list[str]]
    """Other sites whose pages may call the API."""


class LabelStudioArgs(TypedDict):
    """The config key ``labelStudio``."""

    chart: NotRequired[LabelStudioChartArgs]
    """Which Helm chart installs Label Studio."""
    replicas: NotRequired[int]
    """Pods of the page and API; autoscaling takes its place."""
    autoscaling: NotRequired[AutoscalingArgs]
    """Let the number of pods follow their CPU use."""
    resources: NotRequired[ResourcesArgs]
    """Resources of the application server."""
    nginx_resources: NotRequired[ResourcesArgs]
    """Resources of the nginx sidecar."""
    migration_resources: NotRequired[ResourcesArgs]
    """Resources of the init container that migrates the database."""
    uwsgi_processes: NotRequired[int]
    """Requests served at once by one pod; by default as many as CPU and memory bear. Those that wait for a store, a model or an export have half of them. With 1, one slow request holds all others, probes too."""  # noqa: E501
    worker: NotRequired[WorkerArgs]
    """The queue workers."""
    persistence: NotRequired[LabelStudioPersistenceArgs]
    """Where uploads and exports live."""
    service: NotRequired[ServiceArgs]
    """How the Service is reached."""
    ingress: NotRequired[IngressArgs]
    """Ingress in front of the Service."""
    url: NotRequired[str]
    """Address of the page where no ingress of ours makes it, such as that of a load balancer."""
    signup: NotRequired[str]
    """Whether anybody who reaches the page may make an account; invitations always work."""
    administrator: NotRequired[AdministratorArgs]
    """The first user."""
    legacy_api_tokens: NotRequired[bool]
    """Switch on, for a new database, the API tokens that never expire (ML backends need them)."""
    security: NotRequired[SecurityArgs]
    """What Label Studio refuses."""
    extra_environment_vars: NotRequired[dict[str, Any]]
    """Further variables of Label Studio, never secret ones, such as LOG_LEVEL."""
    extra_environment_secrets: NotRequired[dict[str, SecretReferenceArgs]]
    """Further variables of Label Studio whose values are in Secrets."""
    service_account_annotations: NotRequired[dict[str, str]]
    """Annotations of the service account, such as the cloud role that may use the bucket."""
    pod_disruption_budget: NotRequired[bool]
    """Keep all but one pod while nodes are drained."""
    scheduling: NotRequired[SchedulingArgs]
    """Where the pods may run."""
    run_as_user: NotRequired[int]
    """User, and group of volumes, of these pods where cluster.runAsUser is image; null where the platform assigns them."""  # noqa: E501
    outbound: NotRequired[str]
    """Where Label Studio may connect to besides its own services, for imports, webhooks, model servers; internet leaves out private networks."""  # noqa: E501
    startup_timeout: NotRequired[int]
    """Seconds that a new pod may take until it answers."""
    termination_grace_period: NotRequired[int]
    """Seconds to end requests in; the longest one may take 90."""
    release_timeout: NotRequired[int]
    """Seconds until an install or upgrade counts as failed."""


class LabelTemplateArgs(TypedDict):
    """A labelling configuration made of a template of the installed Label Studio; docs/data-types.md shows each."""

    template: str
    """What is labelled, and how."""
    labels: NotRequired[list[str]]
    """What people choose from; audio-transcription has none."""
    columns: NotRequired[list[str]]
    """Of time-series, and required there: columns of the CSV files that are shown."""
    time_column: NotRequired[str]
    """Of time-series: the column of the time; by default time. The files must be sorted by it."""
    time_format: NotRequired[str]
    """Of time-series: the form of the times, such as %Y-%m-%d %H:%M:%S; by default numbers."""
    frame_rate: NotRequired[float]
    """Of video-tracking: frames a second of all videos; by default 25."""


class SourceArgs(TypedDict):
    """Where tasks come from."""

    title: NotRequired[str]
    """Name of the connection on Label Studio's page."""
    bucket: NotRequired[str]
    """Bucket; by default the project's."""
    prefix: NotRequired[str]
    """Where in the bucket; by default <name>/input/ or <name>/output/ of a shared bucket."""
    region: NotRequired[str]
    """Region of an S3 account of its own; by default us-east-1."""
    endpoint: NotRequired[str]
    """URL of the S3 server of an account of its own; Amazon S3 when not given."""
    addresses: NotRequired[list[str]]
    """Its addresses and networks, for network policies; or internet for every public one, or any."""
    credentials: NotRequired[S3CredentialsArgs]
    """Key of an S3 account other than the stack's object store."""
    file_filter_regex: NotRequired[str]
    """Only objects whose whole key, from its beginning, matches; such as .*(jpe?g|png|tiff). By default all media files, or all JSON files of tasks."""  # noqa: E501
    treat_every_bucket_object_as_source: NotRequired[bool]
    """True for media files, each of which becomes a task; false for tasks in JSON, as make upload makes them of files that name media."""  # noqa: E501
    recursive_scan: NotRequired[bool]
    """Whether objects in folders below the prefix count as well, as make upload writes them."""
    presigned_urls: NotRequired[bool]
    """Whether browsers fetch data from S3 itself, which they must be able to reach; by default not from a server in the cluster."""  # noqa: E501
    expiration_minutes: NotRequired[int]
    """How long a pre-signed URL is good for."""
    upload_credentials: NotRequired[S3CredentialsArgs]
    """Key of people who upload, for an account of its own; by default credentials."""


class TargetArgs(TypedDict):
    """Where annotations go."""

    title: NotRequired[str]
    """Name of the connection on Label Studio's page."""
    bucket: NotRequired[str]
    """Bucket; by default the project's."""
    prefix: NotRequired[str]
    """Where in the bucket; by default <name>/input/ or <name>/output/ of a shared bucket."""
    region: NotRequired[str]
    """Region of an S3 account of its own; by default us-east-1."""
    endpoint: NotRequired[str]
    """URL of the S3 server of an account of its own; Amazon S3 when not given."""
    addresses: NotRequired[list[str]]
    """Its addresses and networks, for network policies; or internet for every public one, or any."""
    credentials: NotRequired[S3CredentialsArgs]
    """Key of an S3 account other than the stack's object store."""
    sse_kms_key_id: NotRequired[str]
    """Key of the S3 server that encrypts annotations."""
    can_delete_objects: NotRequired[bool]
    """Whether deleting an annotation deletes its object; its key may delete only then."""
    export_credentials: NotRequired[S3CredentialsArgs]
    """Key of people who export, for an account of its own; by default credentials."""


class ExportArgs(TypedDict):
    """One format, as archives in the project's bucket below ``exports/<project>/``."""

    format: str
    """What the annotations are converted to."""
    schedule: str
    """When: five cron fields, UTC."""
    with_data: NotRequired[bool]
    """Whether archives have the data as well, as make download brings it."""
    keep: NotRequired[int]
    """How many of the newest archives are kept."""
    scratch_size: NotRequired[str]
    """Disk of the node that a conversion may use; 20,000 small annotations were seen to need 22 MiB."""


class WebhookSecretArgs(TypedDict):
    """What a receiver recognizes Label Studio by."""

    secret_name: str
    """Name of the Secret."""
    secret_key: NotRequired[str]
    """Its key."""
    header: NotRequired[str]
    """Header that has it; in Authorization it comes after the word Bearer."""


class WebhookArgs(TypedDict):
    """A receiver of events: Label Studio sends each as a POST request with a body in JSON."""

    url: str
    """Where requests go, with its path; everybody in Label Studio may read it."""
    actions: list[str]
    """Events that are sent; EXPORT_DONE is that of exports."""
    secret: NotRequired[WebhookSecretArgs]
    """Secret that each request has in a header."""
    addresses: NotRequired[list[str]]
    """Addresses and networks of a receiver with a host name, for network policies; by default the internet, where labelStudio.outbound opens it."""  # noqa: E501


class ModelServerArgs(TypedDict):
    """An image that the stack runs, which answers the requests of Label Studio's documentation on one port."""

    image: str
    """Image with a tag; it must run as a numbered user, without writing anywhere but to /tmp."""
    port: NotRequired[int]
    """Port that it listens on, for /health, /setup, /predict and /webhook."""
    replicas: NotRequired[int]
    """Pods; each one learns by itself, from the events that happen to reach it."""
    resources: NotRequired[ResourcesArgs]
    """Resources of one pod."""
    gpus: NotRequired[int]
    """GPUs of one pod, as nvidia.com/gpu."""
    scheduling: NotRequired[SchedulingArgs]
    """Where the pods may run, such as on nodes with GPUs."""
    scratch_size: NotRequired[str]
    """Disk of the node below /tmp; it is gone with the pod."""
    env: NotRequired[dict[str, str]]
    """Further variables, never secret ones."""
    env_secrets: NotRequired[dict[str, SecretReferenceArgs]]
    """Further variables whose values are in Secrets."""
    run_as_user: NotRequired[int]
    """User of the pods where cluster.runAsUser is image; by default that of the image."""


class ModelArgs(TypedDict):
    """A model server, and when Label Studio asks it. ``name`` is its identity: all else may change."""

    name: str
    """Identity within the project."""
    title: NotRequired[str]
    """Name on Label Studio's page; by default the name."""
    url: NotRequired[str]
    """Address of a server that runs elsewhere."""
    addresses: NotRequired[list[str]]
    """Addresses and networks of a url with a host name, for network policies; by default the internet, where labelStudio.outbound opens it."""  # noqa: E501
    server: NotRequired[ModelServerArgs]
    """A server that the stack runs."""
    shown: NotRequired[bool]
    """Whether the page shows the predictions of its current version; by default where the project has no other."""
    predict_on_open: NotRequired[bool]
    """Whether it is asked when somebody opens a task without predictions; of the shown one."""
    predict_after_sync: NotRequired[bool]
    """Whether it is asked, after each sync, about all tasks without predictions of its version."""
    train_after: NotRequired[int]
    """New annotations after which it is told to train; 0 for never."""


class ProjectArgs(TypedDict):
    """One project. ``name`` is its identity: the title may change, another name makes another project."""

    name: str
    """Identity of the project; names its keys and prefixes and can never change."""
    title: NotRequired[str]
    """Title on Label Studio's page; by default the name."""
    description: NotRequired[str]
    """What Label Studio shows below the title."""
    label_config: NotRequired[Any]
    """Labelling configuration: XML, <View> outermost, or a template with labels."""
    label_config_file: NotRequired[str]
    """File with the labelling configuration, in the folder of Pulumi.yaml or below it."""
    bucket: NotRequired[str]
    """Bucket for data and annotations; by default that of the object store."""
    source: NotRequired[SourceArgs]
    """Where tasks come from."""
    target: NotRequired[TargetArgs]
    """Where annotations go; null for nowhere."""
    schedule: NotRequired[str]
    """When to look for new data: five cron fields, UTC."""
    exports: NotRequired[list[ExportArgs]]
    """Annotations converted on a schedule."""
    webhooks: NotRequired[list[WebhookArgs]]
    """Who is told of annotations and exports."""
    ml_backends: NotRequired[list[ModelArgs]]
    """Model servers that predict annotations and learn from them."""


class ImageArgs(TypedDict):
    """The config key ``images``."""

    mirror: NotRequired[str]
    """Registry, with an optional path, that takes the place of every image's own registry."""
    label_studio: NotRequired[str]
    """Label Studio: page, API, queue workers, project jobs; by default docker.io/heartexlabs/label-studio:1.23.2, and :1.20.0 with Alauda's chart."""  # noqa: E501
    postgresql: NotRequired[str]
    """PostgreSQL server (standalone) and psql for its set-up."""
    cnpg_postgresql: NotRequired[str]
    """PostgreSQL server of a CloudNativePG cluster."""
    valkey: NotRequired[str]
    """Valkey, the standalone Redis server."""
    minio: NotRequired[str]
    """MinIO server: standalone or the tenant of an operator."""
    minio_client: NotRequired[str]
    """MinIO client, which makes buckets and keys."""


class RotationArgs(TypedDict):
    """A higher number makes a new value at the next update; 1 is the value that the stack began with."""

    database_owner: NotRequired[int]
    """Password with which Label Studio opens the database."""
    database_superuser: NotRequired[int]
    """Password of the superuser of a standalone database, or of a CloudNativePG one."""
    redis: NotRequired[int]
    """Password of a standalone Redis."""
    object_store_root: NotRequired[int]
    """Password of the administrator of a standalone object store."""
    page_key: NotRequired[int]
    """S3 key with which Label Studio keeps uploads."""
    project_keys: NotRequired[dict[str, int]]
    """S3 keys of a declared project, by its name: those of Label Studio and those of people."""
    django_key: NotRequired[int]
    """Key that signs sessions and API tokens: sessions stay, every API token ends."""
    administrator: NotRequired[int]
    """Password of the first administrator."""


class LabelStudioStackArgs(TypedDict):
    """Everything that a stack file says, but for values of Secrets, which never become part of a model."""

    cluster: ClusterArgs
    """Where the stack lives and how it is guarded."""
    postgresql: PostgresqlArgs
    """The database."""
    redis: RedisArgs
    """The queue of background jobs."""
    object_store: ObjectStoreArgs
    """The S3 store."""
    label_studio: LabelStudioArgs
    """Label Studio itself."""
    projects: NotRequired[list[ProjectArgs]]
    """Label Studio projects with their storages."""
    images: NotRequired[ImageArgs]
    """Every image of the stack."""
    rotate: NotRequired[RotationArgs]
    """How often each secret that the stack makes was replaced."""
