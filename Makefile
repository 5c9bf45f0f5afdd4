# `make up` serves Label Studio, `make test` proves it; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
# A cluster of yours has a stack of its own, which is called as its context unless STACK says otherwise.
override STACK := $(or $(STACK),$(if $(CONTEXT),$(shell printf %s '$(CONTEXT)' | tr -c 'A-Za-z0-9_.-' -),dev))
# Not empty where the stack of this machine is meant: local/ has it, and any other one is the user's own CLI's.
HERE := $(if $(CONTEXT),,$(filter dev,$(STACK)))
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help up preview rotate restart tokens down destroy open uninstall status logs shell password doctor version lock install lint types format \
	projects copy-uploads upload sync export download predictions failed-jobs test test-unit test-tools test-policy test-chart test-contract test-package test-engine test-e2e policy-manifests

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

# The lock names every package, pip and setuptools included, so pip resolves nothing: a pip that resolves takes the newest
# version of a package with extras, whatever the lock says, and then refuses it (pip 23). A new lock gets a new environment,
# so that nothing stays which it no longer names; the copy of the lock in the environment tells whether it is new.
$(VENV)/.installed: requirements-dev.txt
	@cmp --quiet $< $@ 2>/dev/null || { \
		echo "Installing the Python packages of $<" && \
		$(PYTHON) -m venv --clear $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r $<; }
	@cp $< $@

install: $(VENV)/.installed  ## make .venv with the pinned packages

ifneq ($(HERE),)
DEPLOY = $(BIN)/python -m local $(1)
else
DEPLOY = $(BIN)/python -m scripts.cluster_stack $(1) "$(STACK)" --context "$(CONTEXT)" $(if $(filter 1 yes true,$(YES)),--yes)
endif

comma := ,
# These ask or change what `make up` serves here, whatever other cluster is named.
only_here = $(if $(HERE),,echo "error: make $(1) is for this machine: leave CONTEXT and STACK out$(2)" >&2; exit 1;)

up: install  ## serve Label Studio here [PORT=30080], or on a cluster: make up CONTEXT=name [STACK=name] [YES=1]
	@$(if $(HERE),,$(if $(PORT),echo "error: PORT is for this machine; with CONTEXT write labelStudio.service.nodePort" >&2; exit 1;))
	@$(call DEPLOY,up) $(if $(PORT),--port "$(PORT)")

preview: install  ## show what `make up` would change: make preview [CONTEXT=name] [STACK=name]
	@$(call DEPLOY,preview)

doctor:  ## say what is missing here and what to type: make doctor [CONTEXT=name]
	@$(PYTHON) -m local.doctor $(if $(HERE),,--stack "$(STACK)" --context "$(CONTEXT)")

version: install  ## name every part that `make up` deploys, with its version
	@$(BIN)/python -m local version

down: install  ## remove everything that `make up` started on this machine
	@$(call only_here,down,$(comma) or write make destroy CONTEXT=$(or $(CONTEXT),name) STACK=$(STACK))
	@$(BIN)/python -m local down

destroy: install  ## delete a stack of a cluster of yours, and name the volumes that stay: make destroy CONTEXT=name [YES=1]
	@$(if $(HERE),echo "error: make destroy is for a cluster of yours: write make uninstall" >&2; exit 1;)
	@$(call DEPLOY,destroy)

open: install  ## print the address of the page, and open a browser if there is one: make open [CONTEXT=name PORT=8080]
	@$(if $(HERE),$(BIN)/python -m local open,$(PROJECTS) open $(if $(PORT),--port "$(PORT)"))

uninstall: install  ## remove all that `make up` made here, data and caches included, once you agree: make uninstall [YES=1]
	@$(call only_here,uninstall)
	@$(BIN)/python -m local uninstall $(if $(filter 1 yes true,$(YES)),--yes)

status: install  ## show what runs and what is wrong here, or what a stack elsewhere waits for: make status [CONTEXT=name]
	@$(BIN)/python -m $(if $(HERE),local status,scripts.waiting "$(STACK)")

logs: install  ## show the newest log lines, of every part or of one: make logs [PART=page]
	@$(call only_here,logs,$(comma) or write kubectl --context $(or $(CONTEXT),name) logs)
	@$(BIN)/python -m local logs "$(PART)"

shell: install  ## open a shell in which pulumi, kubectl and helm work on what `make up` serves
	@$(call only_here,shell)
	@$(BIN)/python -m local shell

password: install  ## show the administrator's password
	@$(call only_here,password,$(comma) or write pulumi stack output administratorPassword --show-secrets --stack $(STACK))
	@$(BIN)/python -m local password

# An empty variable would mean something else: DIR the working directory, with all that is in it.
need = $(foreach name,$(1),$(if $(strip $($(name))),,echo "error: $(name) is missing; write make $(2)" >&2; exit 1;))

rotate: install  ## replace a password or key: make rotate SECRET=databaseOwner [CONTEXT=name STACK=name YES=1]
	@$(call need,SECRET,rotate SECRET=databaseOwner)
	@$(if $(HERE),$(BIN)/python -m local rotate "$(SECRET)",$(BIN)/python -m scripts.rotate "$(SECRET)" "$(STACK)")
	@$(MAKE) --no-print-directory up

# The stack that `make up` serves on this machine is asked for its outputs by local/, any other by pulumi.
ifeq ($(HERE),)
PROJECTS = $(BIN)/python -m cli --stack $(STACK)
else
PROJECTS = outputs="$$($(BIN)/python -m local outputs)" || exit 1; printf %s "$$outputs" | KUBECONFIG=/var/lib/label-studio-local/kubeconfig $(BIN)/python -m cli --outputs -
endif

restart: install  ## start the pods of page and workers again, or of one: make restart [PART=redis CONTEXT=name STACK=name]
	@$(PROJECTS) restart $(if $(PART),--part "$(PART)")

tokens: install  ## list whose API tokens end when djangoKey rotates: make tokens [CONTEXT=name STACK=name]
	@$(PROJECTS) tokens

copy-uploads: install  ## copy the files of the page's volume to its bucket, before persistence.type becomes s3
	@$(PROJECTS) copy-uploads

projects: install  ## list the declared projects (this and the next five: CONTEXT=name STACK=name for a cluster of yours)
	@$(PROJECTS) list

upload: install  ## upload data: make upload PROJECT=name DIR=folder, and to delete it there: DELETE=yes
	@$(call need,PROJECT DIR,upload PROJECT=name DIR=folder)
	@$(PROJECTS) upload "$(PROJECT)" "$(DIR)" $(if $(filter 1 yes true,$(DELETE)),--delete)

sync: install  ## make tasks of new data: make sync PROJECT=name
	@$(call need,PROJECT,sync PROJECT=name)
	@$(PROJECTS) sync "$(PROJECT)"

export: install  ## annotations as files: make export PROJECT=name FORMAT=COCO
	@$(call need,PROJECT FORMAT,export PROJECT=name FORMAT=COCO)
	@$(PROJECTS) export "$(PROJECT)" "$(FORMAT)"

download: install  ## annotations with their data, for training: make download PROJECT=name FORMAT=COCO TO=folder [SNAPSHOT=name]
	@$(call need,PROJECT FORMAT TO,download PROJECT=name FORMAT=COCO TO=folder)
	@$(PROJECTS) download "$(PROJECT)" "$(FORMAT)" "$(TO)" $(if $(SNAPSHOT),--snapshot "$(SNAPSHOT)")

predictions: install  ## import what a model predicts: make predictions PROJECT=name FILE=predictions.jsonl
	@$(call need,PROJECT FILE,predictions PROJECT=name FILE=predictions.jsonl)
	@$(PROJECTS) predictions "$(PROJECT)" "$(FILE)"

failed-jobs: install  ## show queued jobs that failed for good, or run them again: make failed-jobs [RERUN=1 JOBS="id id"]
	@$(PROJECTS) failed-jobs $(if $(RERUN),--rerun) $(JOBS)

lint: install  ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: install  ## mypy --strict
	@$(BIN)/mypy

format: install  ## let ruff format everything
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

test-unit: install  ## settings and components on mocks: no network, no program beside Python
	@$(BIN)/pytest --numprocesses auto --dist loadfile tests/unit

test-tools: install  ## scripts and commands with shells, make and servers on the loopback
	@$(BIN)/pytest tests/tools

test-chart: install  ## the chart, rendered by the real helm and checked against the API's schemas
	@$(BIN)/pytest tests/chart

test-contract: install  ## what Label Studio's released packages and real servers do with what they are told
	@$(BIN)/pytest tests/contract

test-policy: install  ## the policy pack through the real CLI
	@$(BIN)/pytest tests/policy

test-package: install  ## the wheel and the component package, in programs of several languages
	@$(BIN)/pytest tests/package

test-engine: install  ## the real engine and the plugins against the real API server
	@$(BIN)/python -m local test tests/engine

test-e2e: install  ## the real stack in real pods, with a browser
	@$(BIN)/python -m local test tests/e2e

test: lint types  ## everything
	@$(BIN)/python -m local test

policy-manifests: install  ## check what a stack's release really renders: make policy-manifests STACK=prod
	@HELM="$$(command -v helm || $(BIN)/python -c 'from local.tools.build import tool; print(tool("helm"))')" \
		$(BIN)/python -m policies.manifests "$(STACK)"

LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header

lock:  ## resolve the Python packages again
	@$(LOCK) --extra policies --group install --output-file requirements.txt pyproject.toml
	@$(LOCK) --group dev --output-file requirements-dev.txt pyproject.toml

include docs.mk
