"""The Pulumi program: settings in, a working Label Studio out."""

import pulumi

from components.stack.compose import SuppliedValues, compose
from components.stack.foreign_objects import record_names
from components.stack.preflight import check_cluster, check_names
from components.stack.settings import load_secret_values, load_settings, secret_names

settings = load_settings()
check_cluster(settings)
values = load_secret_values()
names = record_names()
stack = compose(settings, SuppliedValues(secret_names(), values) if values else None)
check_names(settings, names)

for name, value in stack.outputs().items():
    pulumi.export(name, value)
