"""The Pulumi CLI's plugins where they cannot be downloaded.

The Kubernetes provider is Pulumi's own, built from its Go module. `language_python` and `random` are stand-ins: they
speak Pulumi's published plugin protocol with the bindings of the `pulumi` package and behave as the official plugins do
for what this program uses. `install.py` uses them only where the official ones can neither be found nor downloaded.
"""
