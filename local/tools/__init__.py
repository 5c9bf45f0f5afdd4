"""Programs built from Go modules, each pinned by a committed go.mod and go.sum."""
