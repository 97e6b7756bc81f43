# SPDX-License-Identifier: GPL-2.0-only
#
# portguard: `make` builds build/portguard, `make help` lists the targets. The caller's are CC, CLANG,
# BPFTOOL, CFLAGS, CPPFLAGS, LDFLAGS, PREFIX, DESTDIR and BUILD; V=1 shows the commands. Sources are
# found by wildcard: a new file needs no line here.

VERSION := 0.1.0

CC ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
# Debian keeps it in /usr/sbin, which a user's PATH lacks.
BPFTOOL ?= $(firstword $(shell command -v bpftool) /usr/sbin/bpftool)
PREFIX ?= /usr/local
SYSTEMD_UNITS ?= $(PREFIX)/lib/systemd/system
SYSUSERS ?= $(PREFIX)/lib/sysusers.d
BUILD ?= build
FUZZ_SECONDS ?= 60
PKG_CONFIG ?= pkg-config
# 1: the exporters are built too, each where the libraries are that it needs; 0: portguard alone.
EXPORT ?= 1
# Libraries go into the program where their .a exists, libc does not: `portguard allow 80/tcp` then
# starts in 0.75 ms, /bin/true in 0.74 ms, with shared libraries in 0.92 ms. 0: all of them shared.
STATIC_LIBS ?= 1

PG_CPPFLAGS := -Iinclude -Iuser -isystem $(BUILD)/gen -D_GNU_SOURCE= -DPG_VERSION='"$(VERSION)"'
# -MD, not -MMD: the generated skeleton is a system header to the compiler, and still a dependency.
PG_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -fstack-protector-strong -MD -MP
PG_LIBRARIES := bpf elf z yaml ncursesw tinfo
PG_LIBS = $(if $(filter 1,$(STATIC_LIBS)),$(foreach l,$(PG_LIBRARIES),$(call static_or_shared,$l)),$(PG_LIBRARIES:%=-l%))
# `cc -print-file-name` answers with a path where it knows the file, else with the bare name.
static_or_shared = $(or $(filter /%,$(shell $(CC) $(LDFLAGS) -print-file-name=lib$1.a)),-l$1)

BPF_ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/i.86/x86/; s/aarch64/arm64/; s/ppc64.*/powerpc/; s/riscv.*/riscv/; s/s390x/s390/; s/mips.*/mips/')
BPF_FLAGS := -O2 -g -target bpf -mcpu=v2 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Werror \
	-Iinclude -Ivmlinux -Ibpf -MMD -MP

find_c = $(sort $(shell find $1 -name '*.c' 2>/dev/null))
# The linker of libbpf 1.1 gets maps wrong that are declared before they are defined: definitions first.
BPF_SRCS := bpf/maps.bpf.c $(filter-out bpf/maps.bpf.c,$(sort $(wildcard bpf/*.bpf.c)))
BPF_OBJS := $(BPF_SRCS:bpf/%.bpf.c=$(BUILD)/bpf/%.bpf.o)
BPF_LINKED := $(BUILD)/linked/portguard.bpf.o
SKELETON := $(BUILD)/gen/pg_bpf.skel.h

USER_SRCS := $(filter-out user/export/%,$(call find_c,user))
USER_OBJS := $(USER_SRCS:%.c=$(BUILD)/%.o)
# The floors that need neither BPF nor root; unit tests and fuzzers see these alone.
PURE_OBJS := $(filter $(BUILD)/user/policy/% $(BUILD)/user/util/% $(BUILD)/user/events/% $(BUILD)/user/metrics/% \
	$(BUILD)/user/report/% \
	$(BUILD)/user/top/model.o $(BUILD)/user/top/propose.o $(BUILD)/user/top/text.o $(BUILD)/user/top/ui.o \
	$(BUILD)/user/kernel/checksum.o $(BUILD)/user/kernel/choice.o \
	$(BUILD)/user/kernel/receivers.o $(BUILD)/user/kernel/exe.o \
	$(BUILD)/user/kernel/container_files.o $(BUILD)/user/kernel/containers.o \
	$(BUILD)/user/kernel/containers_each.o,$(USER_OBJS))
ALL_LIB := $(BUILD)/all.a
PURE_LIB := $(BUILD)/pure.a

# Programs of their own: portguard knows none of their libraries, nor the one of them the other's.
has = $(and $(filter 1,$(EXPORT)),$(shell $(PKG_CONFIG) --exists $1 2>/dev/null && echo yes))
HAS_TLS := $(call has,gnutls libseccomp libcap-ng)
HAS_KAFKA := $(call has,rdkafka libseccomp libcap-ng)
EXPORTERS := $(if $(HAS_TLS),$(BUILD)/portguard-export) $(if $(HAS_KAFKA),$(BUILD)/portguard-export-kafka)
EXPORT_SRCS := $(if $(strip $(EXPORTERS)),$(filter-out $(if $(HAS_TLS),,%/tls.c %/session.c) $(if $(HAS_KAFKA),,%/kafka.c),\
	$(call find_c,user/export)))
EXPORT_LIB := $(BUILD)/export.a
EXPORT_LIBS := -lseccomp $(call static_or_shared,cap-ng)
# What of portguard they share.
EXPORT_SHARED := $(BUILD)/user/cmd/options.o $(BUILD)/user/kernel/paths.o

UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(filter-out $(if $(EXPORT_SRCS),,tests/unit/export_%),\
	$(sort $(wildcard tests/unit/*.c))))
BPF_TESTS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/bpf/*.c)))
TEST_TOOLS := $(patsubst %.c,$(BUILD)/%,$(filter-out $(if $(HAS_KAFKA),,%/kafka.c),$(sort $(wildcard tests/lib/*.c))))
CSV ?= $(BUILD)/bench.csv
BENCH := $(BUILD)/tests/bench/bench
BENCH_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/bench/*.c)))
KERNEL_TESTS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/kernels/*.c)))
FUZZERS := $(patsubst tests/%.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/*.c)))
# What several tests of one kind share.
UNIT_COMMON := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/lib/*.c))
BPF_COMMON := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bpf/lib/*.c))

ifneq ($(V),1)
Q := @
say = @printf '  %-8s %s\n' $1 $(patsubst $(BUILD)/%,%,$@);
else
say =
endif
MAKEFLAGS += --no-print-directory

.PHONY: all demo test check check-root unit tests lint fuzz bench bench-check bench-ratios kernels install uninstall clean \
	static help install-build-deps install-export-deps install-test-deps install-bench-deps
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

all: $(BUILD)/portguard $(EXPORTERS) ## build/portguard, and portguard-export, -export-kafka (EXPORT=0: not)

demo: ## watch it work, in namespaces of its own (root)
	$(need_root)
	@MAKE='$(MAKE)' BUILD='$(BUILD)' tests/demo.sh

test: ## install what the tests need and run them all: check + check-root (root)
	$(need_root)
	@MAKE='$(MAKE)' BUILD='$(BUILD)' tests/run.sh --install unit bpf e2e

check: unit ## unit tests: no root, no BPF

unit: $(UNIT_TESTS)
	@MAKE='$(MAKE)' BUILD='$(BUILD)' tests/run.sh unit

check-root: ## BPF and end-to-end tests (root)
	$(need_root)
	@MAKE='$(MAKE)' BUILD='$(BUILD)' tests/run.sh bpf e2e

tests: $(BUILD)/portguard $(EXPORTERS) $(UNIT_TESTS) $(BPF_TESTS) $(TEST_TOOLS) ## build the tests, run none

kernels: static $(KERNEL_TESTS) ## boot other kernels in QEMU and try portguard on each
	@BUILD='$(BUILD)' tests/kernels/run.sh

lint: compile_commands.json ## house rules, clang-tidy, shellcheck, man pages
	@BUILD='$(BUILD)' tests/lint.sh

fuzz: $(FUZZERS) ## run each fuzzer for FUZZ_SECONDS (60)
	@for f in $(FUZZERS); do \
		corpus=$(BUILD)/corpus/$${f##*/}; mkdir -p $$corpus; \
		echo "  FUZZ     $${f##*/}"; \
		$$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=0 -verbosity=0 -timeout=20 \
			-dict=tests/fuzz/words.dict -artifact_prefix=$(BUILD)/corpus/crash- \
			$$corpus tests/fuzz/corpus/$${f##*/} || exit; \
	done

bench: $(BUILD)/portguard $(BENCH) ## what it costs, beside its peers: packets, rules, scopes, commands, events; QUICK=1: in a minute (root)
	$(need_root)
	@$(BENCH) $(BUILD)/portguard $(CSV) $(if $(QUICK),quick)

bench-check: bench ## the same, compared with the ratios committed last (root)
	@python3 tests/bench/check.py $(if $(QUICK),--quick) $(CSV) tests/bench/ratios.csv

bench-ratios: ## compare with the last run's ratios from now on, and draw its plots (CSV=FILE: that one's)
	@python3 tests/bench/check.py --write $(CSV) tests/bench/ratios.csv
	@python3 tests/bench/plot.py $(CSV) docs

static: $(BUILD)/portguard-static ## one file that runs where none of the libraries is

install: all ## copy program, man pages, completion, unit and alerts below DESTDIR and PREFIX
	install -Dm755 $(BUILD)/portguard $(DESTDIR)$(PREFIX)/sbin/portguard
	install -Dm644 man/portguard.8 $(DESTDIR)$(PREFIX)/share/man/man8/portguard.8
	install -Dm644 man/portguard-policy.5 $(DESTDIR)$(PREFIX)/share/man/man5/portguard-policy.5
	install -Dm644 completion/portguard.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/portguard
	install -Dm644 packaging/policy.yaml $(DESTDIR)$(PREFIX)/share/doc/portguard/policy.yaml
	install -Dm644 -t $(DESTDIR)$(PREFIX)/share/portguard/prometheus packaging/prometheus/*.yml
	install -Dm644 -t $(DESTDIR)$(PREFIX)/share/portguard/grafana packaging/grafana/*.json
	install -Dm644 docs/events.md $(DESTDIR)$(PREFIX)/share/doc/portguard/events.md
	install -d $(DESTDIR)$(SYSTEMD_UNITS)
	sed 's|@SBIN@|$(PREFIX)/sbin|' packaging/portguard.service.in > $(DESTDIR)$(SYSTEMD_UNITS)/portguard.service
	$(if $(strip $(EXPORTERS)),install -Dm644 packaging/portguard-export.sysusers $(DESTDIR)$(SYSUSERS)/portguard-export.conf)
	for program in $(notdir $(EXPORTERS)); do \
		install -Dm755 $(BUILD)/$$program $(DESTDIR)$(PREFIX)/sbin/$$program && \
		install -Dm644 man/portguard-export.8 $(DESTDIR)$(PREFIX)/share/man/man8/$$program.8 && \
		sed "s|@SBIN@|$(PREFIX)/sbin|; s|@PROGRAM@|$$program|g" packaging/portguard-export@.service.in \
			> $(DESTDIR)$(SYSTEMD_UNITS)/$$program@.service || exit; \
	done

uninstall: ## remove what install copied
	$(RM) $(DESTDIR)$(PREFIX)/sbin/portguard
	$(RM) $(DESTDIR)$(PREFIX)/share/man/man8/portguard.8
	$(RM) $(DESTDIR)$(PREFIX)/share/man/man5/portguard-policy.5
	$(RM) $(DESTDIR)$(PREFIX)/share/bash-completion/completions/portguard
	$(RM) -r $(DESTDIR)$(PREFIX)/share/doc/portguard $(DESTDIR)$(PREFIX)/share/portguard
	$(RM) $(DESTDIR)$(SYSTEMD_UNITS)/portguard.service
	$(RM) $(DESTDIR)$(SYSUSERS)/portguard-export.conf
	for program in portguard-export portguard-export-kafka; do \
		$(RM) $(DESTDIR)$(PREFIX)/sbin/$$program $(DESTDIR)$(PREFIX)/share/man/man8/$$program.8 \
			$(DESTDIR)$(SYSTEMD_UNITS)/$$program@.service; \
	done

install-build-deps: ## apt-get install what building needs (root)
	$(need_root)
	@packaging/dependencies.sh build

install-export-deps: ## apt-get install what building the exporters needs (root)
	$(need_root)
	@packaging/dependencies.sh build export

install-test-deps: ## apt-get install what the tests need (root)
	$(need_root)
	@packaging/dependencies.sh build export test

install-bench-deps: ## apt-get install portguard's peers, for make bench (root)
	$(need_root)
	@packaging/dependencies.sh build bench

clean: ## remove build/
	$(RM) -r $(BUILD) compile_commands.json

compile_commands.json: Makefile $(BPF_SRCS) $(USER_SRCS) $(EXPORT_SRCS) ## for clangd and clang-tidy
	$(call say,JSON)
	$(Q){ sep='['; \
	entry() { printf '%s\n{"directory": "%s", "file": "%s", "command": "%s"}' "$$sep" '$(CURDIR)' "$$1" "$$2"; sep=,; }; \
	for f in $(BPF_SRCS); do entry $$f "$(CLANG) $(BPF_FLAGS) -c $$f"; done; \
	for f in $(USER_SRCS) $(EXPORT_SRCS) $(wildcard tests/*/*.c); do \
		entry $$f "$(CC) $(subst ",\\\",$(PG_CPPFLAGS)) -Itests -std=gnu11 -Wall -Wextra -c $$f"; done; \
	printf '\n]\n'; } > $@

help: ## list the targets
	@sed -n 's/^\([a-z_.-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 30

# One line instead of make's two where root is missing.
need_root = $(if $(filter-out 0,$(shell id -u)),$(error `make $@` needs root: sudo make $@))

# --- the kernel's half ------------------------------------------------------------------------

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c Makefile $(wildcard vmlinux/*.h)
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_FLAGS) -c $< -o $@

$(BPF_LINKED): $(BPF_OBJS)
	@mkdir -p $(@D)
	$(call say,BPFLINK)
	$(Q)$(BPFTOOL) gen object $@ $(BPF_OBJS)

$(SKELETON): $(BPF_LINKED)
	@mkdir -p $(@D)
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name pg_bpf > $@

# --- the user's half --------------------------------------------------------------------------

# A first build makes the skeleton before what may include it; later builds know from the .d files.
$(filter-out $(PURE_OBJS),$(USER_OBJS)): | $(SKELETON)

$(BUILD)/user/%.o: user/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(PG_CPPFLAGS) $(CPPFLAGS) $(PG_CFLAGS) $(CFLAGS) -c $< -o $@

$(BUILD)/portguard: $(USER_OBJS)
	$(call say,LINK)
	$(Q)$(CC) $(PG_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PG_LIBS)

$(BUILD)/portguard-static: $(USER_OBJS)
	$(call say,LINK)
	$(Q)$(CC) $(PG_CFLAGS) $(CFLAGS) $(LDFLAGS) -static -o $@ $^ $(PG_LIBRARIES:%=-l%)

$(BUILD)/portguard-export: PG_EXPORT_LIBS = $(shell $(PKG_CONFIG) --libs gnutls)
$(BUILD)/portguard-export: $(BUILD)/user/export/tls.o $(BUILD)/user/export/session.o
$(BUILD)/portguard-export-kafka: PG_EXPORT_LIBS = $(shell $(PKG_CONFIG) --libs rdkafka)
$(BUILD)/portguard-export-kafka: $(BUILD)/user/export/kafka.o
$(EXPORTERS): $(BUILD)/user/export/main.o $(EXPORT_LIB) $(EXPORT_SHARED) $(PURE_LIB)
	$(call say,LINK)
	$(Q)$(CC) $(PG_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PG_EXPORT_LIBS) $(EXPORT_LIBS)

$(EXPORT_LIB): $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c %/tls.c %/session.c %/kafka.c,$(EXPORT_SRCS)))
$(ALL_LIB): $(filter-out $(BUILD)/user/main.o,$(USER_OBJS))
$(PURE_LIB): $(PURE_OBJS)
$(ALL_LIB) $(PURE_LIB) $(EXPORT_LIB):
	@mkdir -p $(@D)
	$(call say,AR)
	$(Q)$(RM) $@ && $(AR) rcs $@ $^

# --- tests ------------------------------------------------------------------------------------

$(BUILD)/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -Itests $(PG_CPPFLAGS) $(CPPFLAGS) $(PG_CFLAGS) $(CFLAGS) -c $< -o $@

$(BPF_TESTS:%=%.o) $(BPF_COMMON) $(KERNEL_TESTS:%=%.o): | $(SKELETON)

$(filter $(BUILD)/tests/unit/export_%,$(UNIT_TESTS)): PG_TEST_LIBS = $(EXPORT_LIBS)
$(filter $(BUILD)/tests/unit/export_%,$(UNIT_TESTS)): $(EXPORT_LIB)
$(UNIT_TESTS): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(UNIT_COMMON) $(PURE_LIB)
	$(call say,LINK)
	$(Q)$(CC) $(PG_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter-out $(PURE_LIB),$(filter %.a,$^)) \
		$(PURE_LIB) -lcriterion $(PG_TEST_LIBS) $(PG_LIBS)

$(BPF_TESTS): $(BUILD)/tests/bpf/%: $(BUILD)/tests/bpf/%.o $(BPF_COMMON) $(ALL_LIB)
	$(call say,LINK)
	$(Q)$(CC) $(PG_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcriterion $(PG_LIBS)

$(BUILD)/tests/lib/every_event: $(BUILD)/tests/unit/lib/every_event.o $(PURE_LIB)
$(TEST_TOOLS): $(BUILD)/tests/lib/%: $(BUILD)/tests/lib/%.o
	$(call say,LINK)
	$(Q)$(CC) $(PG_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ -pthread $(PG_TOOL_LIBS)

$(BUILD)/tests/lib/kafka: PG_TOOL_LIBS = $(shell $(PKG_CONFIG) --libs rdkafka)

$(BENCH): $(BENCH_OBJS) $(BUILD)/tests/unit/lib/every_event.o $(PURE_LIB)
	$(call say,LINK)
	$(Q)$(CC) $(PG_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PG_LIBS)

# Guests have no libraries.
$(KERNEL_TESTS): $(BUILD)/tests/kernels/%: $(BUILD)/tests/kernels/%.o $(ALL_LIB)
	$(call say,LINK)
	$(Q)$(CC) $(PG_CFLAGS) $(CFLAGS) $(LDFLAGS) -static -o $@ $^ $(PG_LIBRARIES:%=-l%)

# libFuzzer wants its own build of what it looks at.
$(BUILD)/fuzz/policy: tests/unit/lib/law.c
$(BUILD)/fuzz/format: tests/unit/lib/format_law.c tests/unit/lib/parse.c
$(BUILD)/fuzz/%: tests/fuzz/%.c $(PURE_OBJS:$(BUILD)/%.o=%.c) Makefile
	@mkdir -p $(@D)
	$(call say,FUZZCC)
	$(Q)$(CLANG) -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-Itests $(PG_CPPFLAGS) -o $@ $(filter %.c,$^) $(PG_LIBS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
