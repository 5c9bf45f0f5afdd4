"""Grammars of the texts in a stack file: one type per grammar, which the settings models use as a field's type."""
