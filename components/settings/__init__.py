"""What the settings of several services share: types, grammars, and how errors are told."""
