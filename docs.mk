# What the documentation and the workflows call; included by the Makefile.
.PHONY: reference

reference: install  ## make the reference pages of docs/ anew
	@$(BIN)/python -m scripts.settings_reference
	@$(BIN)/python -m scripts.policies_reference
