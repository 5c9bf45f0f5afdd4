"""Why a stack waits: what its namespace says while an update runs, and the command that ends the wait.

Pulumi's provider waits without a word for pods that a quota, an admission webhook or a missing StorageClass keeps away.
"""
