# Two commands do everything on a fresh machine: `make demo` and `make test`.
# python3 comes first; a newer one is taken only where python3 is too old. The probe skips
# version managers' shims that do not run and Debian Pythons without python3-venv.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
UV := 0.13.9
PREFIX := /opt/cartledger
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: demo test check docs long lock install clean
.DELETE_ON_ERROR:

demo: .venv/.ok
	@$(BIN)/cartledger demo

test: .venv/.ok
	@bin/with-services rabbitmq prometheus -- $(BIN)/pytest -n 4 --dist worksteal -m 'not long' $(ARGS)

check: .venv/.ok
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# cartledger.example.toml and docs/CONFIGURATION.md, from the options' fields; the dashboards, from grafana/*.py.
docs: .venv/.ok
	@$(BIN)/python -m cartledger.settings.documentation
	@$(BIN)/python -m cartledger.clients.documentation
	@$(BIN)/python -m daemon.documentation
	@$(BIN)/python -m grafana.make

# The program for a server, apart from this checkout: sudo make install PREFIX=/opt/cartledger. Again for an upgrade.
install:
	@test -n "$(PYTHON)" || { echo 'cartledger needs Python 3.11 or newer with venv (on Debian: apt install python3-venv)'; exit 1; }
	@$(PYTHON) -m venv $(PREFIX)
	@$(PREFIX)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@$(PREFIX)/bin/uv pip install --quiet --python $(PREFIX)/bin/python --require-hashes -r requirements-server.lock
	@$(PREFIX)/bin/uv pip install --quiet --python $(PREFIX)/bin/python --no-deps --no-build-isolation \
		--reinstall-package cartledger .

long: .venv/.ok
	@CARTLEDGER_TEST_PROFILE=long bin/with-services rabbitmq prometheus -- $(BIN)/pytest -n 4 --dist worksteal $(ARGS)

# Hashes and versions only, no host names: works with every index a machine is set up for. A server gets no test tools.
lock: .venv/.ok
	@$(COMPILE) --group dev pyproject.toml -o requirements.lock
	@$(COMPILE) --group build pyproject.toml -c requirements.lock -o requirements-server.lock

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis demo

.venv/.ok: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo 'cartledger needs Python 3.11 or newer with venv (on Debian: apt install python3-venv)'; exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
