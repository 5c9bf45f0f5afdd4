"""The component package `label-studio`, for programs in any language of Pulumi."""
