"""What jobs in the cluster run in Label Studio's own image, which has nothing else of this program."""

# The exit code of a pod whose declaration is wrong: trying again is pointless.
REFUSED = 2
