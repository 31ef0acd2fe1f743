# SPDX-License-Identifier: BSD-3-Clause
# The targets of Skerry; `make help` lists them. Each evidence folder owns its script and its data: this file only
# names them. Everything that is made goes to build/.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
AR      ?= ar
CFLAGS  ?= -O2 -g
override BUILD := $(abspath $(BUILD))
# Python would leave its cache beside the scripts.
export PYTHONDONTWRITEBYTECODE := 1

VERSION := 0.1.0
# fdt.c leans on a third-party library: it goes into an archive of its own and never into the certified image.
CORE    := $(filter-out src/fdt.c,$(wildcard src/*.c))
HEADERS := $(wildcard include/skerry/*.h)
OBJECTS := $(CORE:src/%.c=$(BUILD)/lib/%.o)
LIB     := $(BUILD)/libskerry.a
FDTLIB  := $(BUILD)/libskerry-fdt.a

# One section per function: an island links only what it calls.
LIBFLAGS := -std=c99 -ffunction-sections -Wall -Wextra -Iinclude

all: lib fdt pmm examples ## the libraries, the reference back-end, the example islands

lib: $(LIB) ## libskerry.a alone

$(LIB): $(OBJECTS)
	@rm -f $@
	$(AR) rcsD $@ $^

fdt: $(FDTLIB) ## libskerry-fdt.a, discovery by libfdt, and skerry-dtb2c
	+$(MAKE) -C pmm BUILD=$(BUILD) dtb2c

$(FDTLIB): $(BUILD)/lib/fdt.o
	@rm -f $@
	$(AR) rcsD $@ $^

$(BUILD)/lib/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(LIBFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(wildcard $(BUILD)/lib/*.d)

pmm: lib
	+$(MAKE) -C pmm BUILD=$(BUILD)

examples: lib
	+$(MAKE) -C examples BUILD=$(BUILD)

run: ## an island and a Linux back-end, talking: console, vsock, a file there and back
	@.ci/tools.sh run
	+@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) examples/run.sh

test: ## the unit tests, under a minute
	+@$(MAKE) --no-print-directory -C tests BUILD=$(BUILD) test

check: ## all gates; the last line counts what passed
	@.ci/tools.sh check
	+@BUILD=$(BUILD) MAKE="$(MAKE)" tests/tools/check.sh $(GATES)

# The gates, in the order in which `make check` runs them: cheap and telling ones first.
gate-tests:    ; +@tests/tools/tests.py --build $(BUILD)
gate-hostile:  ; @tests/hostile/gate.py --build $(BUILD)
gate-pmm:
	+@$(MAKE) -s -C pmm BUILD=$(BUILD) && $(MAKE) -s -C pmm BUILD=$(BUILD) SAN=1
	@python3 tests/pmm/run.py $(BUILD)/pmm/skerry-pmm
	@python3 tests/pmm/run.py $(BUILD)/pmm-san/skerry-pmm
gate-fdt:
	+@$(MAKE) -s fdt pmm BUILD=$(BUILD) && $(MAKE) -s -C pmm BUILD=$(BUILD) SAN=1 dtb2c
	@tests/fdt/run.py --build $(BUILD)
gate-system:
	+@$(MAKE) -s all BUILD=$(BUILD)
	@BUILD=$(BUILD) examples/selftest.sh
gate-compile:  ; @tests/tools/compile.py --build $(BUILD)/compile
gate-analyzer: ; @tests/tools/compile.py --build $(BUILD)/compile --analyzer
gate-grep:     ; @tests/tools/grep.py
gate-symbols:  ; @tests/tools/symbols.py --build $(BUILD)/symbols
gate-headers:  ; @tests/tools/headers.py --build $(BUILD)/headers
gate-docs:     ; @tests/tools/docs.py --build $(BUILD)/docs
gate-misra:    ; @misra/check.sh --build $(BUILD)/misra
gate-coverage: ; +@coverage/measure.py --build $(BUILD)/coverage
gate-wp:       ; @proofs/wp.py gate --build $(BUILD)/proofs
gate-eva:      ; @proofs/eva.py --build $(BUILD)/eva
gate-cost:     ; @bench/cost/cost.py gate --build $(BUILD)/cost
gate-trace:    ; @spec/trace.py gate --build $(BUILD)/trace
selftest:      ; @tests/tools/selftest.py ## each gate sees the faults that are put before it

GATES := selftest gate-compile gate-analyzer gate-grep gate-headers gate-symbols gate-misra gate-tests gate-hostile \
         gate-coverage gate-cost gate-pmm gate-fdt gate-system gate-wp gate-eva gate-trace gate-docs

hostile: ## the hostile back-end at full length: every access of the delivered configuration too, 10^7 random packets
	@tests/hostile/gate.py --full --build $(BUILD)

soak: ## 10 GiB through the island's echo service, every byte compared; SOAK_ARGS=--bytes=1G for less
	@.ci/tools.sh run
	+@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) examples/soak.py $(SOAK_ARGS)

bench: ## speed against the alternatives, on two cores; BENCH_ARGS=--quick for a short run
	@.ci/tools.sh bench
	+@$(MAKE) -s -C pmm BUILD=$(BUILD) && $(MAKE) -s -C bench BUILD=$(BUILD)
	@bench/run.py --build $(BUILD)/bench $(BENCH_ARGS)

cost: ## instructions, bytes, stack, fences: what an operation costs, counted
	@.ci/tools.sh cost
	@bench/cost/cost.py --build $(BUILD)/cost

# Without src/fdt.c, as the tree of a safety image has it, the core is all there is to install.
install: lib $(if $(wildcard src/fdt.c),install-fdt) ## headers, libraries, tool, pkg-config files, below $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/include/skerry $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 $(HEADERS) $(DESTDIR)$(PREFIX)/include/skerry
	install -m 644 $(LIB) $(DESTDIR)$(PREFIX)/lib
	printf 'prefix=%s\nName: skerry\nDescription: virtio front-end for safety islands\nVersion: %s\nLibs: -L$${prefix}/lib -lskerry\nCflags: -I$${prefix}/include\n' \
	  '$(PREFIX)' '$(VERSION)' > $(DESTDIR)$(PREFIX)/lib/pkgconfig/skerry.pc

install-fdt: fdt
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(FDTLIB) $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(BUILD)/pmm/skerry-dtb2c $(DESTDIR)$(PREFIX)/bin
	printf 'Name: skerry-fdt\nDescription: discovery of devices for skerry\nVersion: %s\nRequires: skerry\nLibs: -lskerry-fdt -lfdt\n' \
	  '$(VERSION)' > $(DESTDIR)$(PREFIX)/lib/pkgconfig/skerry-fdt.pc

clean: ## remove build/
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 16
	@echo "  single gates:"; echo "    $(filter gate-%,$(GATES))"

.PHONY: all lib fdt pmm examples run test check hostile soak bench cost install install-fdt clean help $(GATES)
