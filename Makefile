# `make` lists what there is. Python 3.11 and make are enough; `make test-real` needs Node 20 besides, and Linux on x86-64 for some.

PYTHON ?= python3.11
STAGE ?= dev
BIN := .venv/bin

.PHONY: help run stop status trace test test-real test-deep check chaos bench mutants goldens seeds soak burst fuzz lock sbom audit capacity package deploy cost counts redrive restore migrate destroy clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

run: .venv/run.stamp ## run the service on this machine and show a post going out; Ctrl-C ends it
	@exec $(BIN)/python -u -m infra.local run

stop: ## end what `make run` started, from another shell; its data stays
	@test ! -x $(BIN)/python || exec $(BIN)/python -u -m infra.local stop

status: .venv/run.stamp ## how the local service does: due, published, on time, backlog, unconfirmed, dead letters
	@$(BIN)/python -m infra.status

trace: .venv/run.stamp ## a post's whole life out of the logs: make trace POST=post_… [STAGE=prod]; the local service's by default
	@$(BIN)/python -m infra.trace $(POST) $(if $(filter file,$(origin STAGE)),,--stage $(STAGE))

test: .venv/dev.stamp ## every test but those against real networks: unit, moto, end to end
	$(BIN)/pytest -m "not real" -n 4

test-real: .venv/dev.stamp ## publish to real servers: Bluesky (needs Node 20), WordPress and snac (Linux on x86-64)
	$(BIN)/pytest -m real $(if $(ONLY),-k $(ONLY))

check: .venv/dev.stamp .venv-scan/scan.stamp package ## formatting, lint, types, and the packaged template, also its security
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/cfn-lint build/sam.yaml
	.venv-scan/bin/checkov --config-file infra/checkov.yaml

test-deep: .venv/dev.stamp ## the properties of adaptation, with 2,000 examples each
	HYPOTHESIS_PROFILE=deep $(BIN)/pytest tests/core --timeout 1200

chaos: .venv/run.stamp ## kill publishers of the running service a hundred times, and count what is lost or doubled
	$(BIN)/python -m tests.chaos

goldens: .venv/dev.stamp ## rewrite what every canonical post becomes on every network; then review the diff
	$(BIN)/python -m tests.posts

mutants: .venv/dev.stamp ## take each guard against doubles away: a named test must notice
	$(BIN)/python -m tests.simulation.mutants

seeds: .venv/dev.stamp ## simulate new seeds for an hour, or SECONDS=600
	$(BIN)/python -m tests.simulation --seconds $(or $(SECONDS),3600)

soak: .venv/dev.stamp ## half an hour of mixed load on a service of its own: make soak [SECONDS=1800] [RATE=1]
	$(BIN)/python -m tests.soak --seconds $(or $(SECONDS),1800) --rate $(or $(RATE),1)

burst: .venv/dev.stamp ## a thousand posts at one instant, on a service of its own: how late they are
	$(BIN)/python -m tests.bench burst

fuzz: .venv/dev.stamp ## try the running service with every kind of request, 5,000 and more: make fuzz [SEED=1]
	$(BIN)/python -m tests.fuzz $(if $(SEED),--seed $(SEED))

bench: .venv/dev.stamp ## measure lateness, throughput, imports and package size
	$(BIN)/python -m tests.bench

package: .venv/run.stamp ## build/sam.yaml and build/deployment.zip, exactly what AWS gets
	$(BIN)/python -m infra.package

deploy: .venv/run.stamp ## deploy to AWS, after asking: make deploy STAGE=dev [PARAMETERS="AlarmLeadSeconds=60"] [YES=1]
	@$(BIN)/python -m infra.deploy deploy --stage $(STAGE) $(if $(YES),--yes) $(if $(REPLACE_DATA),--replace-data) --set $(PARAMETERS)

redrive: .venv/run.stamp ## give dead letters back: make redrive [QUEUE=deliver|media] [STAGE=dev]; the local service's by default
	@$(BIN)/python -m infra.redrive $(or $(QUEUE),publish) $(if $(filter file,$(origin STAGE)),,--stage $(STAGE))

restore: .venv/run.stamp ## put a table's export into an empty table: make restore FROM=s3://… STAGE=prod [STOPPED_AT=…] [TABLE=…] [MORE=--resume]
	@$(BIN)/python -m infra.restore --from $(FROM) $(if $(filter file,$(origin STAGE)),,--stage $(STAGE)) \
		$(if $(STOPPED_AT),--stopped-at $(STOPPED_AT)) $(if $(TABLE),--table $(TABLE)) $(MORE)

migrate: .venv/run.stamp ## rewrite rows of old shapes: make migrate [DRY=1] [RATE=100] [STAGE=prod]; nothing needs it to run
	@$(BIN)/python -m infra.migrate $(if $(DRY),--dry-run) $(if $(RATE),--rate $(RATE)) $(if $(filter file,$(origin STAGE)),,--stage $(STAGE))

cost: .venv/run.stamp ## what a month costs in AWS: make cost POSTS=1000 EVENTS=50000 [TARGETS=3] [WEBHOOKS=1] [WORKSPACES=1] [MEASURED=0] [PAID=0] [PAID_LINKS=0]
	@$(BIN)/python -m infra.cost $(foreach n,POSTS EVENTS TARGETS WEBHOOKS WORKSPACES MEASURED PAID PAID_LINKS,$(if $($(n)),$(n)=$($(n))))

counts: .venv/dev.stamp ## count anew what each operation asks of AWS; then review the diff of docs/cost.md
	$(BIN)/python -m tests.counted

capacity: .venv/run.stamp ## how late very many posts go out at once, by AWS's quotas: make capacity [SET="targets=50000 concurrency=3000"]
	@$(BIN)/python -m infra.capacity $(SET)

destroy: .venv/run.stamp ## delete what `make deploy` made, but no data: make destroy STAGE=dev [DELETE_DATA=1: data, too]
	@$(BIN)/python -m infra.deploy destroy --stage $(STAGE) $(if $(YES),--yes) $(if $(DELETE_DATA),--delete-data)

lock: .venv/run.stamp ## write the hash of every file that ships into requirements.lock, after a pin has changed
	@$(BIN)/python -m infra.lock

sbom: .venv/dev.stamp ## build/sbom.json: what goes to AWS, as CycloneDX
	$(BIN)/python -m infra.sbom

audit: .venv/run.stamp ## ask PyPI whether anything is known against what goes to AWS; says so where nobody can be asked
	$(BIN)/python -m infra.sbom audit

clean: ## remove the environment, builds, caches and the local service's data
	rm -rf .venv .venv-scan .local build .chalice/deployments .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt requirements-calendar.txt requirements-run.txt | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-run.txt
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-pictures.txt requirements-dev.txt
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.venv-scan/scan.stamp: requirements-scan.txt
	$(PYTHON) -m venv .venv-scan
	.venv-scan/bin/python -m pip install --disable-pip-version-check -r requirements-scan.txt
	@touch $@
