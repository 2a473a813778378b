# Rolewall. Everything is built into build/; nothing generated is committed. V=1 shows commands.
#   SAN=1   AddressSanitizer and UndefinedBehaviorSanitizer, into build/san
#   COV=1   coverage, into build/cov
#   STATIC=1 static binaries, into build/static (make static)
#   CROSS=1 static binaries for aarch64, into build/cross (make cross)
#   WERROR=1 warnings are errors (CI)

VERSION := $(shell cat VERSION)
# A pre-release comes before its release for dpkg and rpm, too.
PACKAGE_VERSION = $(subst -,~,$(VERSION))
DESTDIR ?=
B := build$(if $(SAN),/san)$(if $(COV),/cov)$(if $(STATIC),/static)$(if $(CROSS),/cross)

ifdef CROSS
CC      := aarch64-linux-gnu-gcc
endif
CC      ?= gcc
CLANG   ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
ARCH    := $(shell uname -m)

# One line a command unless V=1.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
	-Wformat=2 -Wno-unused-parameter $(if $(WERROR),-Werror)
CFLAGS ?= -O2 -g
# What is built has no path of this machine in it.
PATHS := -ffile-prefix-map=$(CURDIR)=.
ALL_CFLAGS = -std=gnu11 $(WARN) -D_GNU_SOURCE -DROLEWALL_VERSION='"$(VERSION)"' -Iinclude -iquote user -I$(B)/include \
	$(if $(CROSS),-isystem $(B)/headers) $(if $(STATIC)$(CROSS),-DROLEWALL_STATIC) -fstack-protector-strong $(PATHS) $(SAN_FLAGS) $(COV_FLAGS) $(CFLAGS) -MMD -MP
comma := ,
SAN_FLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
COV_FLAGS := $(if $(COV),--coverage)
# The map of a static link is what the bill of materials is made of (packaging/sbom.sh).
STATIC_LINK = $(if $(STATIC)$(CROSS),-static -L$(STATIC_LIBS) -Wl$(comma)-Map=$@.map)
LIBS = $(STATIC_LINK) -lbpf -lelf -lz -ljansson -lsmartcols -lmnl -lcares -lncursesw -ltinfo

BPF_CFLAGS := -O2 -g -target bpf -mcpu=v2 $(PATHS) -Iinclude -I/usr/include/$(ARCH)-linux-gnu \
	-Wall -Wextra -Wno-unused-parameter $(if $(WERROR),-Werror) -MMD -MP

LIB_SRC  := $(wildcard $(patsubst %,user/%/*.c,util policy tables edit host kernel/* report daemon live preflight))
CLI_SRC  := $(wildcard user/cli/*.c)
WEB_SRC  := $(wildcard user/web/*.c)
NAMES_SRC := $(wildcard user/names/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(B)/%.o)
CLI_OBJ  := $(CLI_SRC:%.c=$(B)/%.o)
WEB_OBJ  := $(WEB_SRC:%.c=$(B)/%.o)
NAMES_OBJ := $(NAMES_SRC:%.c=$(B)/%.o)
SKEL     := $(B)/include/rolewall.skel.h
SKEL_CONNTRACK := $(B)/include/conntrack.skel.h
SKEL_FLOWS := $(B)/include/flows.skel.h
LIB      := $(B)/librolewall.a

UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT     := $(UNIT_SRC:%.c=$(B)/%)
UNIT_AUX := $(patsubst %.c,$(B)/%.o,$(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c)))
PACKET_SRC := $(wildcard tests/packet/test_*.c)
PACKET   := $(PACKET_SRC:%.c=$(B)/%)
PACKET_AUX := $(patsubst %.c,$(B)/%.o,$(filter-out $(PACKET_SRC),$(wildcard tests/packet/*.c)))
ORACLE_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/oracle/*.c))
PROBE_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard tests/e2e/*.c))
INJECT     := $(addprefix $(B)/tests/inject/,kill_at_syscall packets_during_change explain_agreement)
BENCH_OBJ  := $(patsubst %.c,$(B)/%.o,$(filter-out %.bpf.c,$(wildcard tests/bench/*.c)))
BENCH_SKEL := $(B)/include/bench.skel.h

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

all: $(B)/rolewall $(B)/rolewall-web $(B)/rolewall-names ## build the programs (default)

# --- tools and libraries: a missing one is named --------------------------------------------------

$(B)/tools-found: Makefile
	@mkdir -p $(B)
	@for tool in $(CC) $(CLANG) $(LLVM_STRIP) $(BPFTOOL) pkg-config; do \
		command -v $$tool >/dev/null || { echo "make: $$tool is not installed; 'make deps' installs what is needed" >&2; exit 1; }; done
	@for lib in libbpf libelf zlib jansson smartcols libmnl libcares ncursesw libmicrohttpd; do \
		pkg-config --exists $$lib || { echo "make: the library $$lib is not installed; 'make deps' installs what is needed" >&2; exit 1; }; done
	@touch $@

# --- the kernel side ------------------------------------------------------------------------------

$(B)/bpf/rolewall.bpf.o: bpf/rolewall.bpf.c | $(B)/tools-found
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

# The same, with the questions to the kernel's connection tracking, which need its BTF.
$(B)/bpf/conntrack.bpf.o: bpf/rolewall.bpf.c | $(B)/tools-found
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -DRW_CONNTRACK -DRW_FLOWS_KNOWN -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

# The same, with flows that are learned from what leaves: tunnels of the kernel, and whom this host
# forwards for where connection tracking cannot be asked.
$(B)/bpf/flows.bpf.o: bpf/rolewall.bpf.c | $(B)/tools-found
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -DRW_FLOWS_KNOWN -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(SKEL_FLOWS): $(B)/bpf/flows.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name flows_bpf > $@

$(SKEL_CONNTRACK): $(B)/bpf/conntrack.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name conntrack_bpf > $@

$(SKEL): $(B)/bpf/rolewall.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name rolewall_bpf > $@

# --- user space -----------------------------------------------------------------------------------

$(B)/%.o: %.c | $(B)/tools-found $(SKEL) $(SKEL_CONNTRACK) $(SKEL_FLOWS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/rolewall: $(CLI_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

# Of the library it takes what knows no BPF: libbpf is not linked to it.
$(B)/rolewall-web: $(WEB_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(STATIC_LINK) -lmicrohttpd -ljansson -lmnl -o $@

# It speaks to the network: no BPF, and no JSON either.
$(B)/rolewall-names: $(NAMES_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(STATIC_LINK) -lcares -o $@

$(B)/user/web/page.o: $(wildcard user/web/page/*)
$(addprefix $(B)/user/,cli/main.o web/main.o names/main.o report/metrics.o): VERSION

# --- other binaries -------------------------------------------------------------------------------

STATIC_LIBS := build/$(if $(CROSS),cross,static)-libs

STATIC_ARCHIVES := $(addprefix $(STATIC_LIBS)/,libmnl.a libsmartcols.a libmicrohttpd.a)

# One call makes all: two at a time would want the same lock.
$(STATIC_ARCHIVES) &: packaging/static-libs.sh
	$(call say,FETCH,$(STATIC_LIBS))
	$(Q)packaging/static-libs.sh $(STATIC_LIBS) $(if $(CROSS),arm64)
	@touch $(STATIC_ARCHIVES)

static: ## build/static/rolewall, rolewall-web and rolewall-names, which need no library
	$(Q)packaging/deps.sh build static
	$(Q)$(MAKE) --no-print-directory $(STATIC_ARCHIVES)
	$(Q)$(MAKE) --no-print-directory STATIC=1 all
	$(Q)if readelf -d build/static/rolewall build/static/rolewall-web build/static/rolewall-names | grep NEEDED; then echo "make: it is not static" >&2; exit 1; fi

# The headers of the libraries are the same for every machine; those of the C library are not.
build/cross/headers: Makefile
	@mkdir -p $@
	$(Q)ln -sfn $(addprefix /usr/include/,bpf jansson.h jansson_config.h libsmartcols libmnl microhttpd.h curses.h ncurses.h ncurses_dll.h unctrl.h term.h \
		cmocka.h cmocka_pbc.h) $@

cross: build/cross/headers ## for aarch64: does it compile and link?
	$(Q)packaging/deps.sh build cross
	$(Q)$(MAKE) --no-print-directory CROSS=1 build/cross-libs/libmnl.a
	$(Q)$(MAKE) --no-print-directory CROSS=1 all

check-cross: ## the unit tests and the packet suite on aarch64, in QEMU
	$(Q)packaging/deps.sh build check cross vm
	$(Q)$(MAKE) --no-print-directory cross
	$(Q)$(MAKE) --no-print-directory CROSS=1 cross-tests
	$(Q)tests/run.sh vmtests/cross.sh

cross-tests: $(UNIT) $(PACKET)

# --- tests ----------------------------------------------------------------------------------------

$(B)/tests/unit/test_%: $(B)/tests/unit/test_%.o $(UNIT_AUX) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(filter-out $(LIB),$^) $(LIB) -lcmocka $(LIBS) -o $@

$(B)/tests/unit/test_print: $(B)/user/cli/print.o
$(B)/tests/unit/test_web: $(addprefix $(B)/user/web/,address.o board.o page.o request.o stream.o)
$(B)/tests/unit/test_oracle_model: $(B)/tests/oracle/model.o $(B)/tests/oracle/view.o $(B)/tests/oracle/memory.o
$(B)/tests/packet/test_%: $(B)/tests/packet/test_%.o $(PACKET_AUX) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -lcmocka $(LIBS) -o $@

$(B)/tests/oracle/oracle: $(ORACLE_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(B)/tests/e2e/probe: $(PROBE_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -o $@

$(B)/tests/inject/%: $(B)/tests/inject/%.o $(B)/tests/inject/wire.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(B)/tests/bench/bench.bpf.o: tests/bench/bench.bpf.c | $(B)/tools-found
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BENCH_SKEL): $(B)/tests/bench/bench.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name bench_bpf > $@

$(BENCH_OBJ): $(BENCH_SKEL)

$(B)/tests/bench/bench: $(BENCH_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -lpthread $(LIBS) -o $@

check-unit: $(UNIT) $(B)/rolewall ## unit tests: policy, command line, model
	$(Q)ROLEWALL=$(B)/rolewall tests/run.sh $(UNIT)

check-packet: $(PACKET) ## byte vectors through the real object (needs root)
	$(Q)tests/run.sh $(PACKET)

check-old: ## the same with everything off that newer kernels can do (docs/kernels.md)
	$(Q)ROLEWALL_PROBE_OFF=ringbuf,cgroup_lookup,frags,links,replace,batch $(MAKE) --no-print-directory check-e2e

check-e2e: $(B)/vmtests/features $(B)/rolewall $(B)/rolewall-web $(B)/rolewall-names $(B)/tests/e2e/probe $(B)/tests/bench/bench $(INJECT) ## namespaces and real sockets (needs root)
	$(Q)tests/run.sh $(wildcard tests/e2e/test_*.sh)

N ?= 1000000
oracle: $(B)/tests/oracle/oracle ## N random packets against the independent model (needs root)
	$(Q)$(B)/tests/oracle/oracle -n $(N)

# bpf/ and policy/ compiled for this machine, by clang, beside all other objects.
NATIVE_SRC := $(wildcard tests/fuzz/native*.c) $(addprefix tests/oracle/,addresses.c generate.c \
	filter.c follow.c install.c memory.c model.c policies.c programs.c sockets.c story.c tally.c tracked.c view.c) \
	user/kernel/lists/ban_filter.c user/policy/cidr.c user/util/array.c user/util/error.c
NATIVE_FLAGS = -std=gnu11 $(WARN) -D_GNU_SOURCE -O1 -g -Itests/fuzz/shim -Iinclude -iquote user
SANITIZE := -fsanitize=fuzzer,address,undefined -fno-sanitize=alignment -fno-sanitize-recover=undefined
NATIVE = mkdir -p $(@D) && $(CLANG) $(NATIVE_FLAGS)

$(B)/fuzz/fuzz_packet: tests/fuzz/fuzz_packet.c $(NATIVE_SRC) $(wildcard bpf/* tests/fuzz/*.h tests/oracle/*.h)
	$(call say,NATIVE,$@)
	$(Q)$(NATIVE) $(SANITIZE) $(filter tests/%.c user/%.c,$^) -lbpf -o $@

$(B)/fuzz/fuzz_policy: tests/fuzz/fuzz_policy.c $(wildcard user/policy/* user/tables/* user/util/*)
	$(call say,NATIVE,$@)
	$(Q)$(NATIVE) $(SANITIZE) $(filter %.c,$^) -ljansson -lz -o $@

$(B)/fuzz/fuzz_edit: tests/fuzz/fuzz_edit.c user/edit/text.c user/policy/places.c user/util/array.c
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(NATIVE_FLAGS) $(SANITIZE) $(filter %.c,$^) -ljansson -o $@

$(B)/fuzz/coverage: tests/fuzz/coverage.c $(NATIVE_SRC) $(wildcard bpf/* tests/fuzz/*.h tests/oracle/*.h)
	$(call say,NATIVE,$@)
	$(Q)$(NATIVE) -fprofile-instr-generate -fcoverage-mapping $(filter tests/%.c user/%.c,$^) -lbpf -o $@

SECONDS ?= 60
fuzz: $(B)/fuzz/fuzz_packet $(B)/fuzz/fuzz_policy $(B)/fuzz/fuzz_edit ## libFuzzer, SECONDS for each target (libclang-rt-14-dev)
	$(Q)tests/fuzz/run.sh $(SECONDS) $^

oracle-coverage: $(B)/fuzz/coverage ## how many branches of bpf/ do N of the oracle's packets reach?
	$(Q)tests/fuzz/coverage.sh $< $(N)

mutants: ## faults put into bpf/ one by one: each must be caught (needs root)
	$(Q)tests/mutants/run.sh

# The commands of the README. They install what is missing, and so start a second make that looks for it
# anew. What is long says so in its own file (tests/run.sh).
CHECKED := $(UNIT) $(PACKET) tests/oracle/run.sh $(wildcard tests/e2e/test_*.sh)
CHECK_PROGRAMS := $(B)/vmtests/features $(B)/rolewall $(B)/rolewall-web $(B)/rolewall-names $(UNIT) $(PACKET) $(B)/tests/oracle/oracle $(B)/tests/e2e/probe \
	$(B)/tests/bench/bench $(INJECT)

check: ## install what the tests need, build, and run them: ten minutes (needs root)
	$(Q)packaging/deps.sh build check
	$(Q)$(MAKE) --no-print-directory check-all

check-all: $(CHECK_PROGRAMS)
	$(Q)SUITE=short ROLEWALL=$(CURDIR)/$(B)/rolewall B=$(B) tests/run.sh $(CHECKED)

# The machines begin first: they take longest.
check-long: ## the long ones: sweeps, floods, packages, real servers, a browser, virtual machines (needs root)
	$(Q)packaging/deps.sh build long
	$(Q)$(MAKE) --no-print-directory deb
	$(Q)$(MAKE) --no-print-directory rpm
	$(Q)$(MAKE) --no-print-directory vm-programs
	$(Q)$(MAKE) --no-print-directory check-long-all

check-long-all: $(CHECK_PROGRAMS)
	$(Q)SUITE=long ROLEWALL=$(CURDIR)/$(B)/rolewall B=$(B) tests/run.sh vmtests/check.sh \
		$(wildcard tests/package/test_*.sh) tests/e2e/mailnode.sh $(CHECKED)

demo: ## a mail node, an attacker, a peer and a VPN client, live (needs root; KEEP=1 leaves it running)
	$(Q)packaging/deps.sh build demo
	$(Q)$(MAKE) --no-print-directory demo-run

demo-run: $(B)/rolewall $(B)/rolewall-web $(B)/rolewall-names $(B)/tests/e2e/probe
	$(Q)KEEP=$(KEEP) tests/e2e/demo.sh

screenshots: $(B)/rolewall $(B)/rolewall-web $(B)/rolewall-names $(B)/tests/e2e/probe ## the pictures of the README (needs root, and chromium)
	$(Q)tests/e2e/screenshots.sh

mailnode: ## a node with real mail servers and real clients, one minute (needs root, installs the servers)
	$(Q)packaging/deps.sh build demo mailnode
	$(Q)$(MAKE) --no-print-directory mailnode-run

mailnode-run: $(B)/rolewall $(B)/tests/e2e/probe
	$(Q)tests/run.sh tests/e2e/mailnode.sh

deps: ## install the Debian packages for building, testing and lint (needs root)
	$(Q)packaging/deps.sh build check demo lint

# --- other kernels --------------------------------------------------------------------------------

KERNEL ?= 6.1

$(B)/vmtests/features: $(B)/vmtests/features.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

vm-programs: static $(PACKET) $(INJECT) $(B)/tests/oracle/oracle $(B)/tests/e2e/probe $(B)/vmtests/features

vmtest: ## the tests in a virtual machine with KERNEL=5.10|6.1|6.12|6.18|sid|newest|all, or path/to/bzImage (DOCS=1: into docs/kernels.md)
	$(Q)packaging/deps.sh build vm
	$(Q)$(MAKE) --no-print-directory vm-programs
	$(Q)case ",$${SUITES:-e2e}," in *,e2e,* | *,old,*) \
		tests/e2e/next_version.sh $(B)/tests/next STATIC=1 STATIC_LIBS=$(CURDIR)/$(STATIC_LIBS) build/static/rolewall ;; esac
	$(Q)vmtests/run.sh $(KERNEL)

# --- lint -----------------------------------------------------------------------------------------

C_FILES  := $(wildcard bpf/*.[ch] include/rolewall/*.h user/*/*.[ch] user/kernel/*/*.[ch] tests/*/*.[ch])
SH_FILES := $(wildcard tests/*.sh tests/*/*.sh packaging/*.sh packaging/*/*.sh packaging/completion/*.bash \
	   packaging/deb/postinst packaging/deb/prerm packaging/deb/postrm vmtests/*.sh .ci/run)
TIDY     := $(patsubst %.c,$(B)/tidy/%.ok,$(LIB_SRC) $(CLI_SRC) $(WEB_SRC) $(NAMES_SRC))
CLANG_FORMAT ?= $(firstword $(wildcard /usr/bin/clang-format-14) clang-format)

$(B)/tidy/%.ok: %.c .clang-tidy | $(SKEL) $(SKEL_CONNTRACK) $(SKEL_FLOWS)
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- -std=gnu11 -D_GNU_SOURCE -DROLEWALL_VERSION='"$(VERSION)"' \
		-Iinclude -iquote user -I$(B)/include 2>$@.log || { cat $@.log >&2; exit 1; }
	@touch $@

lint: lint-format lint-includes lint-lists lint-schema lint-monitoring lint-figures lint-floor lint-shell lint-cppcheck lint-tidy ## every static check

lint-format:
	$(call say,FORMAT,check)
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)

lint-includes:
	$(call say,LINT,includes)
	$(Q)/usr/bin/python3 tests/lint/includes.py
	$(Q)tests/lint/planted.sh

lint-lists:
	$(call say,LINT,lists)
	$(Q)/usr/bin/python3 tests/lint/lists.py
	$(Q)/usr/bin/python3 tests/lint/units.py
	$(Q)tests/lint/mutants.sh

# A program for newer kernels must be refused, and each thing in newer.bpf.c, or the guard is asleep.
lint-floor: $(B)/tests/lint/floor $(B)/bpf/rolewall.bpf.o $(B)/bpf/conntrack.bpf.o $(B)/bpf/flows.bpf.o $(B)/tests/lint/newer.bpf.o
	$(call say,LINT,floor)
	$(Q)$< $(B)/bpf/rolewall.bpf.o >/dev/null
	$(Q)$< $(B)/bpf/flows.bpf.o >/dev/null
	$(Q)! $< $(B)/bpf/rolewall.bpf.o rolewall_xdp >/dev/null 2>&1
	$(Q)tests/lint/newer.sh $< $(B)/tests/lint/newer.bpf.o
	$(Q)/usr/bin/python3 tests/lint/stack.py $(B)/bpf/rolewall.bpf.o $(B)/bpf/conntrack.bpf.o $(B)/bpf/flows.bpf.o >/dev/null

$(B)/tests/lint/newer.bpf.o: tests/lint/newer.bpf.c | $(B)/tools-found
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/tests/lint/floor: $(B)/tests/lint/floor.o $(B)/tests/lint/shapes.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ -lbpf -lelf -lz -o $@

lint-schema: $(MAN_PAGES)
	$(call say,LINT,schema)
	$(Q)/usr/bin/python3 tests/lint/schema.py
	$(Q)/usr/bin/python3 tests/lint/manual.py

lint-monitoring:
	$(call say,LINT,monitoring)
	$(Q)/usr/bin/python3 tests/lint/monitoring.py
	$(Q)promtool check rules packaging/monitoring/rolewall.rules.yml >/dev/null
	$(Q)promtool test rules packaging/monitoring/rolewall.rules.test.yml >/dev/null

lint-figures:
	$(call say,LINT,figures)
	$(Q)tests/bench/report.sh --check

lint-shell:
	$(call say,LINT,shellcheck)
	$(Q)shellcheck -x $(SH_FILES)

lint-cppcheck: $(SKEL) $(SKEL_CONNTRACK) $(SKEL_FLOWS)
	$(call say,LINT,cppcheck)
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem --suppress=unusedStructMember \
		--suppress=resourceLeak --suppress=memleak --suppress=ctuuninitvar \
		--include=tests/lint/cppcheck.h \
		-D_GNU_SOURCE -DROLEWALL_VERSION='"$(VERSION)"' -Iinclude -Iuser user

lint-tidy: $(TIDY)

format: ## clang-format decides how the code looks
	$(Q)$(CLANG_FORMAT) -i $(C_FILES)

# --- install --------------------------------------------------------------------------------------

# The time of the last commit: two builds of one commit are the same bytes, whenever and wherever they are made.
EPOCH = $(or $(SOURCE_DATE_EPOCH),$(shell if [ -e .git ]; then git log -1 --format=%ct; else stat -c %Y VERSION; fi))

MAN_PAGES := $(patsubst docs/man/%.scd.in,$(B)/man/%,$(wildcard docs/man/*.scd.in))
man: $(MAN_PAGES) ## the manual pages (scdoc)

# The program says itself which verbs and options it has.
$(B)/man/%: docs/man/%.scd.in packaging/man/verbs.sh VERSION $(B)/rolewall
	$(call say,MAN,$@)
	@command -v scdoc >/dev/null || { echo "make: scdoc is not installed; 'make deps' installs what is needed" >&2; exit 1; }
	@mkdir -p $(@D)
	$(Q)packaging/man/verbs.sh $(B)/rolewall $< $(VERSION) >$@.scd && SOURCE_DATE_EPOCH=$(EPOCH) scdoc <$@.scd >$@

SHARE := $(DESTDIR)/usr/share
UNITS := $(DESTDIR)/usr/lib/systemd/system
GROUP := $(DESTDIR)/usr/lib/sysusers.d/rolewall.conf

# What cp and sed make has the modes of the checkout and the umask; install asks neither.
install: $(B)/rolewall $(B)/rolewall-web $(B)/rolewall-names $(MAN_PAGES) ## into DESTDIR
	install -D -m 0755 $(B)/rolewall $(DESTDIR)/usr/sbin/rolewall
	install -D -m 0755 $(B)/rolewall-web $(DESTDIR)/usr/bin/rolewall-web
	install -D -m 0755 $(B)/rolewall-names $(DESTDIR)/usr/libexec/rolewall/rolewall-names
	install -D -m 0644 packaging/systemd/rolewall.service $(UNITS)/rolewall.service
	install -D -m 0644 packaging/systemd/rolewall-web.service $(UNITS)/rolewall-web.service
	install -D -m 0644 packaging/systemd/rolewall-names.socket $(UNITS)/rolewall-names.socket
	install -D -m 0644 packaging/systemd/rolewall-names@.service $(UNITS)/rolewall-names@.service
	install -D -m 0644 packaging/systemd/sysusers.conf $(GROUP)
	install -d $(SHARE)/rolewall/monitoring
	install -m 0644 packaging/monitoring/rolewall.rules.yml packaging/monitoring/grafana-dashboard.json $(SHARE)/rolewall/monitoring
	install -d $(SHARE)/rolewall/roles $(SHARE)/doc/rolewall $(SHARE)/man/man5 $(SHARE)/man/man8
	cp -r roles/. $(SHARE)/rolewall/roles/
	install -D -m 0644 packaging/fail2ban/action.d/rolewall.conf $(SHARE)/rolewall/fail2ban/action.d/rolewall.conf
	install -D -m 0644 packaging/logrotate/rolewall $(DESTDIR)/etc/logrotate.d/rolewall
	install -D -m 0644 packaging/completion/rolewall.bash $(SHARE)/bash-completion/completions/rolewall
	install -m 0644 $(filter %.5,$(MAN_PAGES)) $(SHARE)/man/man5
	install -m 0644 $(filter %.8,$(MAN_PAGES)) $(SHARE)/man/man8
	install -m 0644 $(wildcard docs/*.md) $(SHARE)/doc/rolewall
	for page in README.md CHANGELOG.md; do sed 's,(docs/,(,g' $$page >$(SHARE)/doc/rolewall/$$page; done
	cp -r docs/decisions docs/examples docs/images docs/performance $(SHARE)/doc/rolewall/
	chmod -R u=rwX,go=rX $(SHARE)/rolewall $(SHARE)/doc/rolewall
	install -d -m 0750 $(DESTDIR)/etc/rolewall

uninstall: ## what install put there; /etc/rolewall stays
	rm -f $(DESTDIR)/usr/sbin/rolewall $(UNITS)/rolewall.service $(SHARE)/bash-completion/completions/rolewall
	rm -f $(UNITS)/rolewall-names.socket $(UNITS)/rolewall-names@.service
	rm -rf $(DESTDIR)/usr/libexec/rolewall
	rm -f $(DESTDIR)/usr/bin/rolewall-web $(UNITS)/rolewall-web.service $(GROUP) $(DESTDIR)/etc/logrotate.d/rolewall
	rm -f $(foreach page,$(notdir $(MAN_PAGES)),$(SHARE)/man/man$(subst .,,$(suffix $(page)))/$(page))
	rm -rf $(SHARE)/rolewall $(SHARE)/doc/rolewall

# The packages hold static programs: one .deb and one .rpm for every system.
deb: ## build/rolewall_VERSION-1_ARCH.deb
	$(Q)packaging/deps.sh build package
	$(Q)$(MAKE) --no-print-directory package-root FORMAT=deb
	$(Q)SOURCE_DATE_EPOCH=$(EPOCH) packaging/deb/build.sh build '$(PACKAGE_VERSION)'

rpm: ## build/rpm/RPMS/*/rolewall-VERSION-1.*.rpm
	$(Q)packaging/deps.sh build package
	$(Q)$(MAKE) --no-print-directory package-root FORMAT=rpm
	$(Q)SOURCE_DATE_EPOCH=$(EPOCH) packaging/rpm/build.sh build '$(PACKAGE_VERSION)'

# Each call makes the static programs: one call at a time, whatever -j says.
package-root: static
	$(Q)rm -rf build/$(FORMAT)/root
	$(Q)$(MAKE) --no-print-directory STATIC=1 install DESTDIR=$(CURDIR)/build/$(FORMAT)/root >/dev/null
	$(Q)SOURCE_DATE_EPOCH=$(EPOCH) packaging/package-root.sh build/$(FORMAT)/root

release: ## build/release: packages, archives, bill of materials, checksums (SIGN=KEY: signed with minisign)
	$(Q)packaging/deps.sh build package
	$(Q)$(MAKE) --no-print-directory deb
	$(Q)$(MAKE) --no-print-directory rpm
	$(Q)$(MAKE) --no-print-directory package-root FORMAT=archive
	$(Q)SOURCE_DATE_EPOCH=$(EPOCH) SIGN='$(SIGN)' packaging/release.sh build '$(VERSION)' '$(PACKAGE_VERSION)'

check-package: ## the .deb in Debian 11 and 12, the .rpm, the static binary in an empty root, two releases (needs root)
	$(Q)packaging/deps.sh build demo package
	$(Q)$(MAKE) --no-print-directory deb
	$(Q)$(MAKE) --no-print-directory rpm build/tests/e2e/probe
	$(Q)tests/run.sh $(wildcard tests/package/test_*.sh)

BENCH_PROGRAMS := $(B)/tests/bench/bench $(B)/rolewall $(B)/tests/e2e/probe

bench-programs: $(BENCH_PROGRAMS)

bench: bench-programs ## measure beside the peers, two minutes (needs root, installs the peers)
	$(Q)packaging/deps.sh bench
	$(Q)tests/bench/run.sh $(B)

bench-compare: ## prog-run of BASE=REV and of this tree, interleaved (needs root)
	$(Q)tests/bench/compare.sh "$(BASE)" .

# --- for editors, and figures --------------------------------------------------------------------

compile_commands.json: Makefile ## for clangd: how each file of user/ and bpf/ is compiled
	$(call say,JSON,$@)
	$(Q)for file in $(LIB_SRC) $(CLI_SRC) $(WEB_SRC) $(NAMES_SRC) $(UNIT_SRC); do \
		jq -n --arg d '$(CURDIR)' --arg f "$$file" --arg c "$(subst ",\",$(CC) $(ALL_CFLAGS)) -c $$file" \
			'{directory: $$d, file: $$f, command: $$c}'; done >$@.part
	$(Q)jq -n --arg d '$(CURDIR)' --arg c '$(CLANG) $(BPF_CFLAGS) -c bpf/rolewall.bpf.c' \
		'{directory: $$d, file: "bpf/rolewall.bpf.c", command: $$c}' >>$@.part
	$(Q)jq -s . $@.part >$@ && rm $@.part

coverage: ## how many lines of user/ do the unit tests and the end-to-end tests reach? (needs root)
	$(Q)packaging/deps.sh build check coverage
	$(Q)$(MAKE) --no-print-directory $(CHECK_PROGRAMS)
	$(Q)$(MAKE) --no-print-directory COV=1 coverage-run

coverage-run: $(B)/rolewall $(B)/rolewall-web $(UNIT)
	$(Q)find $(B) -name '*.gcda' -delete
	$(Q)SUITE=short ROLEWALL=$(CURDIR)/$(B)/rolewall tests/run.sh $(UNIT) $(wildcard tests/e2e/test_*.sh)
	$(Q)gcovr -r . --filter user/ --object-directory $(B) $(B) --txt $(B)/coverage.txt --print-summary | tail -n 4

# --- house keeping --------------------------------------------------------------------------------

clean: ## remove build/
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: all coverage coverage-run static cross check-cross cross-tests vm-programs vmtest check check-all check-long check-long-all check-unit check-packet check-e2e check-old oracle \
	fuzz oracle-coverage mutants demo demo-run screenshots mailnode mailnode-run deps lint lint-format \
	lint-includes lint-lists lint-schema lint-monitoring lint-figures lint-floor lint-shell lint-cppcheck lint-tidy format man install uninstall \
	deb rpm package-root release check-package clean help

-include $(shell find $(B)/bpf $(B)/user $(B)/tests $(B)/vmtests -type f -name '*.d' 2>/dev/null)
