# What the documentation and the workflows call; included by the Makefile.
.PHONY: reference images mirror picture

reference: install  ## make the reference pages of docs/ again, and write versions where other programs read them
	@$(BIN)/python -m scripts.settings_reference
	@$(BIN)/python -m scripts.stack_file_schema
	@$(BIN)/python -m scripts.policies_reference
	@$(BIN)/python -m scripts.kinds_reference
	@$(BIN)/python -m scripts.plugin_arguments
	@$(BIN)/python -m scripts.images_reference
	@$(BIN)/python -m scripts.versions

images: install  ## list the images of a stack: make images [STACK=dev] [DIGESTS=yes]
	@$(BIN)/python -m scripts.images "$(STACK)" $(if $(DIGESTS),--digests)

mirror: install  ## copy the images of a stack: make mirror REGISTRY=registry.example.com/path [STACK=dev]
	@$(call need,REGISTRY,mirror REGISTRY=registry.example.com/path)
	@$(BIN)/python -m scripts.images "$(STACK)" --mirror "$(REGISTRY)"

# As for the commands on projects: the stack of this machine, or any other.
ifeq ($(HERE),)
NO_PULUMI = error: the pulumi command is not installed: see https://www.pulumi.com/docs/install/
EXPORT = pulumi stack export --stack "$(STACK)"
NEEDS = command -v pulumi >/dev/null || { echo "$(NO_PULUMI)" >&2; exit 1; };
else
EXPORT = $(BIN)/python -m local state
endif
# Where there is no state, one error says so, and what reads it is not run.
STATE = $(NEEDS) state="$$($(EXPORT))" || exit 1; printf %s "$$state"

picture: install  ## draw docs/pictures/architecture.svg from a deployed stack: make picture [CONTEXT=name STACK=name]
	@$(STATE) | $(BIN)/python -m scripts.picture docs/pictures/architecture.svg

repair: install  ## make again what somebody deleted of the release: make repair [CONTEXT=name STACK=name]
	@$(STATE) | $(if $(HERE),KUBECONFIG=/var/lib/label-studio-local/kubeconfig) \
		$(BIN)/python -m scripts.release_objects --repair "$(STACK)"

.PHONY: policy-state lint-workflows repair

policy-state: install  ## check what a stack has deployed against the policies: make policy-state [CONTEXT=name STACK=name]
	@config="$$($(BIN)/python -m policies.stacks "$(STACK)")" || exit 1; \
		$(STATE) | $(BIN)/python -m scripts.policy_state "$$config"

lint-workflows: install  ## actionlint and zizmor over the workflows
	@$(BIN)/pytest tests/tools/test_workflows.py

.PHONY: bench drills

bench: install  ## measure ratios on the stack that `make up` serves: make bench [NAME=database-connections]
	@$(BIN)/python -m bench $(NAME)

drills: install  ## hurt a stack of its own under load, and say what is lost: make drills [ONLY=page-pod,redis-away]
	@$(BIN)/python -m drills $(ONLY)

.PHONY: test-data

test-data: install  ## try every type of data in a browser, all or some: make test-data [TYPES=image-bbox,html] [RENEW_PICTURES=1]
	@DATA_TYPES="$(or $(TYPES),all)" RENEW_PICTURES="$(RENEW_PICTURES)" $(BIN)/python -m local test tests/e2e/test_data_types.py
