"""Which environment variables of Label Studio a stack may set by hand, and what their values may be.

Source: ``label_studio/core/settings`` and ``core/utils/params.py`` of Label Studio 1.20.0 and 1.23.2. A variable
``X`` is looked up as ``LABEL_STUDIO_X``, ``HEARTEX_X`` and ``X``, in this order, so all three spellings count as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

PREFIX = re.compile(r"^(LABEL_STUDIO|HEARTEX)_")
SECRET = re.compile(r"(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIALS?|DSN|(API|ACCESS|PRIVATE|ACCOUNT)_?KEY)(_|$)")
URL_WITH_PASSWORD = re.compile(r"://[^/@]*:[^/@]+@")

# A variable, or the beginning of several ("POSTGRE_*"), that the program sets, and what to write instead.
OWNED = {
    "HOST": "labelStudio.ingress.host or labelStudio.url",
    "DISABLE_SIGNUP_WITHOUT_LINK": "labelStudio.signup",
    "USERNAME": "labelStudio.administrator.email",
    "PASSWORD": "labelStudio.administrator.existingSecret",
    "USER_TOKEN": "labelStudio.administrator",
    "ENABLE_LEGACY_API_TOKEN": "labelStudio.legacyApiTokens",
    "SECRET_KEY": "nothing: the program generates it once and keeps it in a Secret",
    "DJANGO_DB": "postgresql",
    "DATABASE_NAME": "postgresql",
    "POSTGRE_*": "postgresql",
    "PGSSL*": "postgresql",
    "PGCONNECT_TIMEOUT": "nothing: it is five seconds",
    "RES_OPTIONS": "nothing: a name is asked for twice, one second each",
    "REDIS_*": "redis",
    "RQ_QUEUES": "redis",
    "STORAGE_*": "labelStudio.persistence and objectStore",
    "MINIO_*": "labelStudio.persistence and objectStore",
    "AWS_*": "labelStudio.persistence and objectStore",
    "SESSION_COOKIE_SECURE": "nothing: it follows the scheme of the page's address",
    "CSRF_COOKIE_SECURE": "nothing: it follows the scheme of the page's address",
    "CSRF_TRUSTED_ORIGINS": "nothing: it is derived from the page's address",
    "USE_ENFORCE_CSRF_CHECKS": "nothing: forged requests are always refused",
    "DEBUG": "nothing: it would show settings, secrets included, to everyone",
    "SSRF_PROTECTION_ENABLED": "labelStudio.security.ssrfProtection",
    "ML_BLOCK_LOCAL_IP": "labelStudio.security.blockLocalMlBackends",
    "SVG_SECURITY_CLEANUP": "labelStudio.security.cleanSvg",
    "ENABLE_LOCAL_FILES_STORAGE": "labelStudio.security.localFiles",
    "LOCAL_FILES_SERVING_ENABLED": "labelStudio.security.localFiles",
    "CORS_*": "labelStudio.security.corsAllowedOrigins",
    "COLLECT_ANALYTICS": "nothing: telemetry is off",
    "SENTRY_*": "nothing: error reports to the vendor are off",
    "FRONTEND_SENTRY_*": "nothing: error reports to the vendor are off",
    "UWSGI_PROCESSES": "labelStudio.uwsgiProcesses",
    "WAITING_PROCESSES": "labelStudio.uwsgiProcesses",
    "UWSGI_*": "nothing: the program mounts its own settings of uWSGI",
    "APP_WEBSERVER": "nothing: it is uwsgi",
    "LATEST_VERSION_CHECK": "nothing: nobody is asked for newer releases",
    "DJANGO_SETTINGS_MODULE": "nothing: the program mounts its own",
    "PYTHONPATH": "nothing: the program mounts its own",
    "PYTHONDONTWRITEBYTECODE": "nothing: compiled code is kept below /tmp",
    "PYTHONPYCACHEPREFIX": "nothing: compiled code is kept below /tmp",
    "DECLARED_S3_ENDPOINTS": "objectStore.endpoint, or the endpoint of a project's source or target",
    "DECLARED_WEBHOOK_RECEIVERS": "projects[].webhooks, with addresses where the host is a name outside of the cluster",
    "DECLARED_MODEL_SERVERS": "projects[].mlBackends",
    "CMD_WRAPPER": "nothing: it would run before Label Studio and change every variable unseen",
    "ENV_INJECT_SOURCES": "nothing: it would run before Label Studio and change every variable unseen",
    "SKIP_DB_MIGRATIONS": "nothing: an init container migrates the database",
    "CUSTOM_CA_CERTS": "the certificate authority of postgresql, redis or objectStore",
}

# What the loader, shells, Python, uWSGI and OpenSSL read before Label Studio's first line, and what of it does no harm.
LOADERS = re.compile(
    r"LD_.*|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|BASH.*|ENV|SHELLOPTS|IFS|PS4|PATH|PYTHON.*|UWSGI_.*|DJANGO_CONFIGURATION"
    r"|OPENSSL_(CONF|ENGINES|MODULES)"
)
HARMLESS = re.compile(r"PYTHON(UNBUFFERED|FAULTHANDLER|HASHSEED|IOENCODING|UTF8|MALLOC|OPTIMIZE|DEVMODE)")
# Read by bool(int(value)): "true" stops Label Studio at start.
NUMERIC_BOOLEANS = frozenset({"CSRF_COOKIE_HTTPONLY", "INACTIVITY_SESSION_TIMEOUT_ENABLED"})
# Read by bool_from_request: any other spelling, also the empty string, stops Label Studio at start.
BOOLEANS = frozenset({
    "ALLOW_IMPORT_TASKS_WITH_UNKNOWN_EMAILS", "ALLOW_ORGANIZATION_CREATION", "ALLOW_ORGANIZATION_WEBHOOKS",
    "ALLOW_SCHEDULED_MIGRATIONS", "CONVERTER_DOWNLOAD_RESOURCES",
    "DEBUG_CONTEXTLOG", "DEBUG_MODAL_EXCEPTIONS", "DEBUG_PROPAGATE_EXCEPTIONS", "DOMAIN_FROM_REQUEST", "ENABLE_CSP",
    "EXPERIMENTAL_FEATURES", "FEATURE_FLAGS_FROM_FILE", "FEATURE_FLAGS_OFFLINE", "FUTURE_SAVE_TASK_TO_STORAGE",
    "FUTURE_SAVE_TASK_TO_STORAGE_JSON_EXT", "GCS_CLOUD_STORAGE_FORCE_DEFAULT_CREDENTIALS", "JSON_LOG",
    "LS_CSP_REPORT_ONLY", "PUBLIC_API_DOCS", "RESOLVER_PROXY_ENABLE_ETAG_CACHE",
    "SHOW_TRACEBACK_FOR_EXPORT_CONVERTER", "SYNC_ON_TARGET_STORAGE_CREATION",
    "USE_DEFAULT_BANNED_SUBNETS", "USE_NGINX_FOR_EXPORT_DOWNLOADS", "USE_NGINX_FOR_UPLOADS", "VERIFY_SSL_CERTS",
})  # fmt: skip
# Read by int() or float() while Label Studio starts.
INTEGERS = frozenset({
    "BATCH_JOB_RETRY_TIMEOUT", "CSRF_COOKIE_AGE", "DATA_UPLOAD_MAX_MEMORY_SIZE", "DATA_UPLOAD_MAX_NUMBER_FILES",
    "DEFAULT_STORAGE_LIST_LIMIT", "DM_MAX_USERS_TO_DISPLAY", "IMPORT_BATCH_SIZE", "LABEL_STREAM_HISTORY_LIMIT",
    "MAX_SESSION_AGE", "MAX_TASK_BATCH_SIZE", "MAX_TIME_BETWEEN_ACTIVITY", "MYSQL_PORT", "PREDICTION_IMPORT_BATCH_SIZE",
    "QS_ITERATOR_DEFAULT_CHUNK_SIZE", "RANDOM_NEXT_TASK_SAMPLE_SIZE", "REIMPORT_BATCH_SIZE",
    "RESOLVER_PROXY_BUFFER_SIZE", "RESOLVER_PROXY_CACHE_TIMEOUT", "RESOLVER_PROXY_GCS_HTTP_TIMEOUT",
    "RESOLVER_PROXY_MAX_RANGE_SIZE", "RESOLVER_PROXY_TIMEOUT", "RQ_FAILED_JOB_TTL", "RQ_LONG_JOB_TIMEOUT",
    "TASK_API_PAGE_SIZE_MAX", "TASK_DATA_PER_BATCH", "TASK_LOCK_TTL", "USER_ACTIVITY_BATCH_SIZE",
    "USER_ACTIVITY_REDIS_TTL", "USER_ACTIVITY_SYNC_THRESHOLD", "WEBHOOK_BATCH_SIZE",
})  # fmt: skip
NUMBERS = frozenset({
    "ML_CONNECTION_TIMEOUT", "ML_TIMEOUT_DEFAULT", "ML_TIMEOUT_DELETE", "ML_TIMEOUT_DUPLICATE_MODEL",
    "ML_TIMEOUT_HEALTH", "ML_TIMEOUT_PREDICT", "ML_TIMEOUT_SETUP", "ML_TIMEOUT_TRAIN", "ML_TIMEOUT_TRAIN_JOB_STATUS",
    "WEBHOOK_TIMEOUT",
})  # fmt: skip
LOG_LEVELS = frozenset({"CRITICAL", "FATAL", "ERROR", "WARN", "WARNING", "INFO", "DEBUG", "NOTSET"})
INTEGER = re.compile(r"-?\d{1,15}", re.ASCII)
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "not", "off", "0"})


def canonical(name: str) -> str:
    """The name under which Label Studio knows the variable; the chart makes letters capital and dots underscores."""
    return PREFIX.sub("", name.upper().replace(".", "_"))


def owned_problems(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The names that another setting stands for, and that setting."""
    for name in names:
        if instead := _owner(canonical(name)):
            yield name, f"is set by the program; use {instead}"


def value_problems(variables: Mapping[str, str | int | float | bool]) -> Iterator[tuple[str, str]]:
    """The names of variables that would leak a secret or stop Label Studio at start, and why."""
    for name, value in variables.items():
        if canonical(name) not in BOOLEANS and looks_secret(name, str(value)):
            yield name, "looks like a secret; put it into a Secret and name it in extraEnvironmentSecrets"
        elif wanted := _wanted(canonical(name), str(value)):
            yield name, f"must be {wanted}: Label Studio does not start with anything else"


def looks_secret(name: str, value: str) -> bool:
    """Whether a variable is named like one that holds a secret, or holds a URL with a password."""
    return bool(SECRET.search(name.upper()) or URL_WITH_PASSWORD.search(value))


def _wanted(known: str, value: str) -> str | None:
    """What Label Studio reads the variable as, if it cannot read the value so."""
    if known in BOOLEANS | NUMERIC_BOOLEANS and value.lower() not in TRUE | FALSE:
        return "true or false"
    if known in INTEGERS and not INTEGER.fullmatch(value):
        return "a whole number"
    if known in NUMBERS and not NUMBER.fullmatch(value):
        return "a number"
    if known == "LOG_LEVEL" and value not in LOG_LEVELS:
        return f"one of {', '.join(sorted(LOG_LEVELS))}"
    return None


def plain_values(variables: Mapping[str, str | int | float | bool]) -> dict[str, str]:
    """The variables as Label Studio reads them, where ``value_problems`` has none."""
    return {name: _value(canonical(name), value) for name, value in variables.items()}


def _owner(name: str) -> str | None:
    if name in OWNED:
        return OWNED[name]
    if LOADERS.fullmatch(name) and not HARMLESS.fullmatch(name):
        return "nothing: it would change what runs before Label Studio"
    return next((owner for key, owner in OWNED.items() if key.endswith("*") and name.startswith(key[:-1])), None)


def _value(known: str, value: str | int | float | bool) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if known in NUMERIC_BOOLEANS:
        return "1" if text.lower() in TRUE else "0"
    return text.lower() if known in BOOLEANS else text
