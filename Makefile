# Tillroll. `make help` lists what there is to do.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test test-api test-meili bench setup setup-tests generate lint import-online-retail clean-data

DATA ?= ./data
# Optimised where it is felt, which builds sooner; releases and measurements use the profile `release`.
QUICK := --profile quick --locked
BUILT := $${CARGO_TARGET_DIR:-target}/quick/tillroll

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the system packages that are missing (PostgreSQL, a C compiler)
	@scripts/setup

setup-tests: ## Install what tests need besides
	@scripts/setup tests

run: setup ## Build, start the whole system with demo data and say where to look
	cargo build $(QUICK)
	$(BUILT) seed --data-dir $(DATA)
	exec $(BUILT) serve --data-dir $(DATA)

test: setup-tests ## Run every test, on a PostgreSQL of its own
	scripts/test-postgres scripts/test $(ARGS)

test-api: setup-tests ## Compare the answers of a running server with the API's description (schemathesis, as three kinds of people)
	scripts/test-api

test-meili: setup-tests ## Run what both search engines must do on a real Meilisearch: MEILI_URL=http://... MEILI_KEY=...
	@test -n "$(MEILI_URL)" || { echo "say where Meilisearch is: make test-meili MEILI_URL=http://localhost:7700 MEILI_KEY=its-key" >&2; exit 64; }
	MEILI_URL="$(MEILI_URL)" MEILI_KEY="$(MEILI_KEY)" cargo test --locked --package search --test conformance on_meilisearch -- $(ARGS)
	MEILI_URL="$(MEILI_URL)" MEILI_KEY="$(MEILI_KEY)" scripts/test-postgres cargo test --locked --package e2e --test it -- \
		search::facets search::find search::rules search::settings --test-threads 2

bench: setup-tests ## Measure, beside pgbench on the same PostgreSQL (see benches/README.md)
	cargo build --release --locked --package app --package benches
	$${CARGO_TARGET_DIR:-target}/release/benches $(ARGS)

generate: ## Write docs/openapi.json and the list in docs/events.md anew
	cargo run --locked --quiet -- openapi > docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json
	UPDATE_DOCS=1 cargo test --locked --quiet --package domain --test domain documentation

lint: setup ## Formatting, clippy and documentation, warnings refused
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked --quiet

import-online-retail: setup ## Load a year of a real shop's trade: FILE=path/to/online-retail.csv
	@test -n "$(FILE)" || { echo "say which file: make import-online-retail FILE=path/to/online-retail.csv" >&2; exit 64; }
	cargo build $(QUICK) --package app --package online-retail
	$${CARGO_TARGET_DIR:-target}/quick/online-retail "$(FILE)" $(DATA)/online-retail
	$(BUILT) import products --format jsonl $(DATA)/online-retail/products.jsonl --data-dir $(DATA)
	$(BUILT) import orders --format jsonl --source online-retail $(DATA)/online-retail/orders.jsonl --data-dir $(DATA)

clean-data: ## Remove the data folder, after asking
	@printf 'Remove %s and everything in it? [y/N] ' "$(DATA)"; read answer; [ "$$answer" = y ] && rm -rf "$$(readlink -f "$(DATA)/postgres")" "$(DATA)" || echo "kept"
