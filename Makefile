.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# the two ends of what is supported: the oldest Python with the newest ansible-core it takes, and the newest of both
OLDEST := .venv
NEWEST := .venv-3.13
# and the oldest Python of targets
TARGET := .venv-3.9
LAB := $(OLDEST)/bin/python -m tests.lab
FAST := tests/unit tests/contract tests/fuzz
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/collections
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: venv venv-newest venv-target
venv: $(OLDEST)/.made ## The virtual environment (.venv: Python 3.11, ansible-core 2.19)
venv-newest: $(NEWEST)/.made ## The one of the matrix's other end (.venv-3.13: Python 3.13, ansible-core 2.21)

venv-target: $(TARGET)/.made ## What runs on targets, under the oldest Python of theirs (.venv-3.9)

$(OLDEST)/.made: pyproject.toml tests/lab/venv
	@tests/lab/venv $(@D) 3.11 3.12 3.13
	@touch $@

$(NEWEST)/.made: pyproject.toml tests/lab/venv
	@tests/lab/venv $(@D) 3.13
	@touch $@

$(TARGET)/.made: pyproject.toml tests/lab/venv
	@tests/lab/venv --group target $(@D) 3.9
	@touch $@

.PHONY: demo demo-clean
demo: venv ## Deploy the example, watch a bad release being undone, roll back: on this machine's engine
	@$(LAB) engine
	@$(LAB) images
	@$(OLDEST)/bin/python -m examples.studio.demo

demo-clean: venv ## Remove everything the demo made
	@$(OLDEST)/bin/python -m examples.studio.demo --clean

.PHONY: demo-kubernetes demo-kubernetes-clean
demo-kubernetes: venv ## The same on Kubernetes: the cluster of KUBECONFIG, or a real one that is built here
	@$(LAB) engine
	@$(LAB) images
	@$(OLDEST)/bin/python -m examples.studio.demo_kubernetes

demo-kubernetes-clean: venv ## Remove everything that demo made; the cluster stays (lab-down)
	@$(OLDEST)/bin/python -m examples.studio.demo_kubernetes --clean

.PHONY: test test-fast test-changed lint sanity unit unit-newest unit-target toy fuzz mutants integration molecule
test: venv venv-newest venv-target ## Everything: lint, types, unit, contract, molecule, integration on real engines
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint sanity unit unit-newest unit-target toy
	@$(MAKE) --no-print-directory lab lab-kubernetes
	@$(MAKE) --no-print-directory --jobs=2 molecule integration

test-changed: venv ## What the changes since BASE=main can break, by imports and tests/shows.yml
	@PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" $(OLDEST)/bin/python -m tests.changed $(BASE)

test-fast: venv ## What needs no engine, in under a minute
	@HYPOTHESIS_PROFILE=quick $(MAKE) --no-print-directory --jobs=2 --output-sync=target unit toy

unit: venv
	@echo "== $(OLDEST): unit, contract, fuzz"
	@PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" $(OLDEST)/bin/pytest --quiet --numprocesses 2 --dist loadfile $(FAST)

unit-newest: venv-newest
	@echo "== $(NEWEST): unit, contract, fuzz"
	@PATH="$(CURDIR)/$(NEWEST)/bin:$$PATH" $(NEWEST)/bin/pytest --quiet --numprocesses 2 --dist loadfile $(FAST)

unit-target: venv-target ## Unit tests of what runs on targets, under Python 3.9
	@echo "== $(TARGET): unit tests of what runs on targets"
	@$(TARGET)/bin/pytest --quiet --numprocesses 2 tests/unit/module_utils

toy: venv ## The playbooks against a toy platform, whose containers are files
	@echo "== $(OLDEST): toy"
	@PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" $(OLDEST)/bin/pytest --quiet tests/toy

mutants: venv ## Break the house on purpose, a line at a time, and see whether a test notices: MUTANTS="name ..."
	@PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" $(OLDEST)/bin/python -m tests.mutants $(MUTANTS)

fuzz: venv ## Hostile input at every entry point, for longer: FUZZ_EXAMPLES=5000 for each property
	@PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" HYPOTHESIS_PROFILE=fuzz $(OLDEST)/bin/pytest --quiet tests/fuzz

# four files at a time, two of those that use a cluster and so mostly wait: tests/integration/pools.py
integration: venv venv-newest lab lab-kubernetes
	@echo "== $(OLDEST): integration"
	@PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" $(OLDEST)/bin/pytest --verbose --numprocesses 4 --dist loadfile tests/integration

lint: venv ## Style and types of everything
	@echo "== lint: ruff, yamllint, ansible-lint, mypy"
	@$(OLDEST)/bin/ruff check .
	@$(OLDEST)/bin/ruff format --check .
	@$(OLDEST)/bin/yamllint --strict .
	@# a playbook without an inventory is refused, by this check of its syntax too
	@PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" ANSIBLE_INVENTORY=inventories/compose_local $(OLDEST)/bin/ansible-lint --offline
	@$(OLDEST)/bin/mypy collections/ansible_collections/doppelganger/ops/plugins src tests $(wildcard examples/*.py examples/*/*.py)
	@cd examples/studio/app && $(CURDIR)/$(OLDEST)/bin/mypy --config-file $(CURDIR)/pyproject.toml --ignore-missing-imports -p src -p scripts

sanity: venv ## ansible-test's sanity tests, on a copy that was built and installed
	@echo "== sanity: ansible-test"
	@$(OLDEST)/bin/python -m tests.lab.sanity

molecule: venv lab ## The roles' scenarios: converge, idempotence, verify
	@echo "== molecule"
	@# what an earlier run prepared was removed when it ended
	@cd extensions && PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" molecule reset --all >/dev/null
	@cd extensions && PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" molecule test --all

.PHONY: bench
bench: venv lab lab-kubernetes ## Measure, and compare with plain scripts
	@$(OLDEST)/bin/python -m tests.bench

.PHONY: lab lab-kubernetes lab-down clean
lab: venv ## An engine, base images, two registries, three hosts and a browser, all on this machine
	@$(LAB) engine
	@$(LAB) images
	@$(LAB) registry
	@$(LAB) registry --login
	@$(LAB) fleet 3
	@$(LAB) browser

lab-kubernetes: venv ## A real cluster of one node (the first time 10 minutes: it is built from source)
	@$(LAB) kubernetes

lab-down: venv ## Stop and remove what the lab started; its cache (~/.cache/doppelganger-ops) stays
	@$(LAB) down

clean: ## Remove what was made inside the checkout
	@rm -rf $(OLDEST) $(NEWEST) $(TARGET) .ansible .cache .*_cache .hypothesis dist
	@find . -name __pycache__ -prune -exec rm -rf {} +
