# make lab     build the kernel and open JupyterLab with it, on the examples
# make test    every test, with what the tests need
# make check   formatting and lints
# make fuzz    fuzz each decoder for SECONDS (fuzz/README.md); make fuzz-kernel sends N mutated messages to a kernel
# make bench   measure the kernel beside ipykernel and xeus-python, ROUNDS (5) times; ONLY="names of probes" for some
# make growth  what a cell and a task cost as there are more of them
# make flame   flame graphs of a round trip and of a task switch, in docs/; needs perf and inferno
# make soak    mixed work for MINUTES (5), nothing may grow; RECORD=--record writes it into tests/reliability.md
# make stress  floods and faults, beside ipykernel; writes tests/reliability.md
# make build   the kernel alone
# make wheel   the wheel that is shipped, in ~/.cache/everloop/wheels
# make profile record what releases are optimised by (kernel/profile/README.md)
# make example run the examples anew: their stored outputs, and the pictures in docs/
#
# Everything that is built or downloaded lies in the cache, outside of the checkout.

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/everloop
ifeq ($(CARGO_TARGET_DIR),)
CARGO_TARGET_DIR := $(CACHE)/target
endif
export CARGO_TARGET_DIR
# The binary under test; the tests of tests/ start it.
export EVERLOOP_BIN := $(CARGO_TARGET_DIR)/release/everloop

PYTHON ?= python3
# One profile for all, so that RustPython is compiled once. Why locked and not the Rust version: README.md, "Building".
CARGO_FLAGS := --release --locked --ignore-rust-version
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)
# JupyterLab refuses to run as root without being told to; in a container there is nobody else.
LAB_FLAGS := $(if $(filter 0,$(shell id -u)),--allow-root)

LAB := $(CACHE)/lab
BENCH := $(CACHE)/bench
PROFILE := kernel/profile/everloop.profdata
PROFILING := $(CACHE)/profiling
TESTS := $(CACHE)/tests
CHECK := $(CACHE)/check
MATURIN := $(CACHE)/maturin
WHEELS := $(CACHE)/wheels
# An environment with the oldest IPython that the kernel runs.
IPYTHON8 := $(CACHE)/ipython8
# An environment with Qt, for the console that has a window.
QT := $(CACHE)/qt
# The libraries of tests/python/libraries.md, which the tests install with the kernel's own pip.
LIBRARIES := $(CACHE)/libraries
# CPython's own tests, which judge the loop (tests/python/asyncio).
CPYTHON := $(CACHE)/cpython

.NOTPARALLEL:
.PHONY: build known-profile wheel profile lab test test-rust test-python check soak stress fuzz fuzz-kernel bench bench-environment growth flame example clean

build: known-profile
	cargo build --package everloop $(CARGO_FLAGS)

# cargo does not know what the compiler optimises by.
known-profile:
	cmp --silent $(PROFILE) $(CARGO_TARGET_DIR)/everloop.profdata || \
	    { cargo clean --release --quiet && mkdir -p $(CARGO_TARGET_DIR) && cp $(PROFILE) $(CARGO_TARGET_DIR); }

wheel: known-profile
	scripts/venv $(MATURIN) tests/python/requirements-wheel.txt
	rm -rf $(WHEELS)
	$(MATURIN)/bin/maturin build --ignore-rust-version --out $(WHEELS)

profile:
	scripts/venv $(PROFILING) tests/python/requirements-profile.txt
	scripts/profile $(CACHE)/profile $(PROFILING)/bin/python

lab: build
	scripts/venv $(LAB) tests/python/requirements-lab.txt
	$(EVERLOOP_BIN) install --prefix $(LAB)
	$(LAB)/bin/jupyter lab $(LAB_FLAGS) examples/autoawait.ipynb

# Both, although the first fails, so that a run tells everything.
test:
	$(MAKE) --keep-going test-rust test-python

test-rust: build
ifdef NEXTEST
	cargo nextest run --workspace $(CARGO_FLAGS) --no-fail-fast
else
	cargo test --workspace $(CARGO_FLAGS) --no-fail-fast
endif

# The soak takes five minutes, and a few seconds where pytest is run by hand.
test-python: build
	scripts/venv $(TESTS) tests/python/requirements.txt
	$(EVERLOOP_BIN) install --prefix $(TESTS)
	scripts/venv $(IPYTHON8) tests/python/requirements-ipython8.txt
	-scripts/venv $(QT) tests/python/requirements-qt.txt
	-scripts/cpython-tests $(CPYTHON)
	$(MAKE) wheel
	EVERLOOP_WHEEL=$$(ls $(WHEELS)/*.whl) \
	    EVERLOOP_CPYTHON_TESTS=$${EVERLOOP_CPYTHON_TESTS-$$(ls -d $(CPYTHON)/test 2>/dev/null)} \
	    EVERLOOP_IPYTHON8=$(IPYTHON8) EVERLOOP_SOAK_SECONDS=$${EVERLOOP_SOAK_SECONDS-300} \
	    EVERLOOP_QT=$$([ -e $(QT)/requirements ] && echo $(QT)) \
	    scripts/with-browser $(TESTS)/bin/python -m pytest tests/python $(PYTEST_FLAGS)

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(CARGO_FLAGS) -- --deny warnings
	scripts/venv $(CHECK) tests/python/requirements-check.txt
	$(CHECK)/bin/ruff check kernel/python tests/python
	$(CHECK)/bin/ruff format --check kernel/python tests/python
ifneq ($(shell command -v cargo-deny 2>/dev/null),)
	cargo deny --offline check --allow no-license-field licenses bans sources
endif

SECONDS ?= 60
fuzz:
	scripts/fuzz $(SECONDS)

N ?= 100000
fuzz-kernel: build
	scripts/venv $(TESTS) tests/python/requirements.txt
	$(EVERLOOP_BIN) install --prefix $(TESTS)
	IPYTHONDIR=$$(mktemp -d) $(TESTS)/bin/python tests/python/fuzz_kernel.py $(N) $(SEED)

ROUNDS ?= 5
ONLY ?=
bench: bench-environment
	$(BENCH)/bin/python bench/bench.py everloop python3 xpython --rounds $(ROUNDS) $(if $(ONLY),--only $(ONLY))

growth: bench-environment
	$(BENCH)/bin/python bench/growth.py everloop python3

flame: bench-environment
	$(BENCH)/bin/python bench/flame.py everloop docs

bench-environment: build
	scripts/venv $(BENCH) tests/python/requirements-bench.txt
	$(EVERLOOP_BIN) install --prefix $(BENCH)

MINUTES ?= 5

soak: build
	scripts/venv $(TESTS) tests/python/requirements.txt
	$(EVERLOOP_BIN) install --prefix $(TESTS)
	cd tests/python && $(TESTS)/bin/python -m reliability.soak --minutes $(MINUTES) $(RECORD)

# As root it also does what needs a file system or a name server of its own.
stress: build
	scripts/venv $(TESTS) tests/python/requirements.txt
	$(EVERLOOP_BIN) install --prefix $(TESTS)
	cd tests/python && $(TESTS)/bin/python -m reliability.stress everloop python3 --record

example: build
	scripts/venv $(TESTS) tests/python/requirements.txt
	$(EVERLOOP_BIN) install --prefix $(TESTS)
	$(TESTS)/bin/python tests/python/notebook.py
	scripts/with-browser $(TESTS)/bin/python tests/python/lab.py docs

clean:
	rm -rf $(LAB) $(BENCH) $(TESTS) $(CHECK) $(IPYTHON8) $(QT) $(MATURIN) $(WHEELS) $(LIBRARIES)
	cargo clean
