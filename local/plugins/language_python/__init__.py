"""A stand-in for `pulumi-language-python`: runs Pulumi programs and policy packs written in Python."""
