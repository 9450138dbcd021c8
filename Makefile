# Hearth. `make help` lists the targets. Needs GNU make and gcc or clang; nothing else for all, run, test.
# Variables: CC, AR, CFLAGS (optimisation and warnings), EXTRA (added to compile and link), B (build folder), V=1 (show
# commands), WERROR=1, RUNNER (put in front of test programs: an emulator), HEARTH_DATA (default ../shared/data).

ifeq ($(origin CC),default)
CC := $(firstword $(foreach c,gcc clang cc,$(if $(shell command -v $(c)),$(c))))
endif
B       ?= build
CFLAGS  ?= -O2 -g -Wall -Wextra -Wpedantic
STD     := -std=c11 -I. -I$(B)/gen $(if $(WERROR),-Werror) $(EXTRA)
LIBS    := -pthread -lm
Q       := $(if $(V),,@)
DATA    := $(if $(HEARTH_DATA),$(HEARTH_DATA),../shared/data)
export CC HEARTH_DATA MODELS

KERNELS := $(sort $(wildcard kernels/ref/*.c kernels/x86/*.c kernels/arm/*.c kernels/mve/*.c kernels/riscv/*.c))
LIB_C   := $(sort $(wildcard engine/*.c engine/base/*.c kernels/*.c quant/*.c tokenizer/*.c memory/*.c policy/*.c) \
             $(KERNELS))
TOOL_C  := $(sort $(wildcard tools/hearth*.c tools/cmd_*.c tools/cli*.c tools/convert*.c) tools/json.c tools/safetensors.c tools/bpe_train.c \
             tools/default/eval.c tools/default/banking.c $(wildcard bench/lab_*.c))
TEST_C  := $(sort $(wildcard tests/test_*.c))
ifeq ($(shell grep -ls '^hearth_status hearth_generate' engine/*.c),)
TEST_C  := $(filter-out tests/test_readme.c,$(TEST_C)) # nothing to run the example with yet
endif
FUZZ_C  := $(sort $(wildcard tests/fuzz_*.c))
SEED_C  := $(sort $(wildcard tests/gen_*.c))
HELP_C  := $(sort $(filter-out $(TEST_C) $(FUZZ_C) $(SEED_C),$(wildcard tests/*.c)))
BENCH_C := $(sort $(wildcard bench/bench_*.c))

# The library is built twice: as it ships (rel), and with its assertions on (dbg: tests and fuzzers).
REL_O   := $(LIB_C:%.c=$(B)/rel/%.o)
DBG_O   := $(LIB_C:%.c=$(B)/dbg/%.o)
HELP_O  := $(HELP_C:%.c=$(B)/dbg/%.o)
TOOL_O  := $(TOOL_C:%.c=$(B)/rel/%.o)
TESTS   := $(TEST_C:tests/%.c=$(B)/tests/%)
FUZZERS := $(FUZZ_C:tests/%.c=$(B)/fuzzers/%)
SEEDS   := $(SEED_C:tests/%.c=$(B)/tests/%)
BENCHES := $(BENCH_C:bench/%.c=$(B)/bench/%)
LAB_O   := $(patsubst %.c,$(B)/rel/%.o,$(wildcard bench/lab_*.c tools/cli*.c))
GEN_C   := $(sort $(wildcard tools/default/gen*.c)) # the default model's data
GEN_O   := $(GEN_C:%.c=$(B)/rel/%.o)
HEARTH  := $(if $(TOOL_C),$(B)/hearth)
GEN     := $(B)/gen/kernel_list.inc
archive  = @mkdir -p $(B); rm -f $@; $(if $(1),$(AR) rcs $@ $(1),printf '!<arch>\n' > $@)
link     = @mkdir -p $(@D); $(if $(V),set -x;) $(CC) $(EXTRA) $(LDFLAGS) -o $@ $(1) $(LIBS)

all: $(B)/libhearth.a $(HEARTH) $(if $(GEN_C),$(B)/gen_default)

$(B)/rel/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CFLAGS) -MMD -MP -c $< -o $@
$(B)/dbg/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CFLAGS) -DHR_DEBUG -MMD -MP -c $< -o $@
$(B)/libhearth.a: $(REL_O)
	$(call archive,$(REL_O))
$(B)/libhearth-dbg.a: $(DBG_O)
	$(call archive,$(DBG_O))
$(B)/libtests.a: $(HELP_O)
	$(call archive,$(HELP_O))
$(B)/hearth: $(TOOL_O) $(B)/libhearth.a
	$(call link,$^)
$(B)/gen_default: $(GEN_O)
	$(call link,$^)
$(B)/tests/%: $(B)/dbg/tests/%.o $(B)/libtests.a $(B)/libhearth-dbg.a
	$(call link,$^)
$(B)/fuzzers/%: $(B)/dbg/tests/%.o $(B)/libtests.a $(B)/libhearth-dbg.a $(FUZZ_MAIN)
	$(call link,$^ $(FUZZ_LINK))
$(B)/bench/bench_kernels $(B)/bench/roofline: $(LAB_O)
$(B)/bench/%: $(B)/rel/bench/%.o $(B)/libtests.a $(B)/libhearth.a
	$(call link,$(filter %.o,$^) $(filter %.a,$^))
.SECONDARY:

# Rewritten only when the rows change, so that a new kernel rebuilds the registry and nothing else.
$(GEN): FORCE
	@mkdir -p $(@D)
	@awk -f tools/kernel_list.awk /dev/null $(KERNELS) > $@.new
	@if cmp -s $@.new $@; then rm -f $@.new; else mv $@.new $@; fi
FORCE:
# the example of the README, which the tests compile
$(B)/gen/readme.c: README.md
	@mkdir -p $(@D)
	@awk '/^<!-- example/ { on = 1 } on && /^```$$/ { exit } p { print } on && /^```c/ { p = 1 }' README.md > $@
$(B)/dbg/tests/test_readme.o: $(B)/gen/readme.c
$(B)/dbg/tests/test_readme.o: STD += -Iengine

MODEL   ?= $(wildcard $(DATA)/models/stories260K.gguf)
PROMPT  ?= Once upon a time
run: all
	@if [ -z "$(MODEL)" ]; then echo "make run MODEL=file.gguf PROMPT='Once upon a time'" >&2; exit 2; fi
	@$(B)/hearth run "$(MODEL)" -p "$(PROMPT)" $(ARGS)

# the embedded default model, from nothing; goes on where it was stopped (tools/default/MODEL_CARD.md)
default-model: all
	@HEARTH_DATA="$(DATA)" sh tools/default/build.sh $(B) tools/default/hearth-default.gguf

test: all $(TESTS)
	@RUNNER="$(RUNNER)" HEARTH="$(HEARTH)" HEARTH_BUILD="$(B)" sh tools/run_tests.sh $(TESTS)

bench: $(BENCHES)
	@for b in $(BENCHES); do echo "== $$b"; $$b $(ARGS) || exit 1; done
# one kernel: build, check against the reference, bench against the reference and the current best
try: $(B)/tests/test_kernels $(filter $(B)/bench/bench_kernels,$(BENCHES))
	@if [ -z "$(K)" ]; then echo "make try K=kernel_name" >&2; exit 2; fi
	@$(B)/tests/test_kernels --kernel "$(K)"
	@if [ -x $(B)/bench/bench_kernels ]; then $(B)/bench/bench_kernels --kernel "$(K)"; fi

# this machine's limits and kernels as TSV with its facts, and their picture
roofline: $(B)/bench/roofline $(B)/bench/bench_kernels
	@mkdir -p bench/results; n=$$($(B)/bench/roofline --name); set -x; $(B)/bench/roofline > bench/results/limits_$$n.tsv && \
	    $(B)/bench/bench_kernels --tsv $(ARGS) > bench/results/kernels_$$n.tsv
plot:
	@sh bench/plot.sh bench/results/limits_*.tsv

# --- the drop ----------------------------------------------------------------------------------------------------
$(B)/drop/hearth.c: $(LIB_C) $(wildcard */*.h */*/*.h) $(GEN) tools/drop.sh tools/amalgamate.awk FORCE
	@sh tools/drop.sh $(B)/drop $(B)/gen $(LIB_C)
drop: $(B)/drop/hearth.c
	@sh tools/drop.sh $(B)/drop2 $(B)/gen $(LIB_C) && cmp $(B)/drop/hearth.c $(B)/drop2/hearth.c && rm -r $(B)/drop2
	@sh tools/drop_check.sh $(B)/drop
size: $(B)/drop/hearth.c
	@sh tools/size.sh $(B)/drop/hearth.c
$(B)/hearth-drop: $(TOOL_C) $(B)/drop/hearth.c
	$(Q)$(CC) $(STD) $(CFLAGS) -Wno-pedantic -DHEARTH_DROP_TOOLS -o $@ $^ $(LIBS)

# --- variants of the build ---------------------------------------------------------------------------------------
VARIANT = $(MAKE) --no-print-directory WERROR=1
CROSS   = aarch64-linux-gnu-
HAVE    = $(shell command -v $(1) 2>/dev/null)
CLANG   = $(firstword $(foreach c,clang clang-19 clang-14,$(call HAVE,$(c))))
# gcc's flow warnings are wrong in instrumented code: warnings are errors in the plain builds only
SANITIZED = $(MAKE) --no-print-directory WERROR=
SANE    = -g -O2 -Wall -Wextra -Wpedantic -fno-omit-frame-pointer
ASAN    = -fsanitize=address,undefined -fno-sanitize-recover=all
test-gcc test-clang: test-%:
	@+$(if $(call HAVE,$*),$(VARIANT) B=build/$* CC=$* test,echo "$*: skipped: not installed")
asan:
	@+UBSAN_OPTIONS=print_stacktrace=1 $(SANITIZED) B=build/asan EXTRA="$(ASAN)" CFLAGS="$(SANE)" test
ubsan:
	@+UBSAN_OPTIONS=print_stacktrace=1 $(SANITIZED) B=build/ubsan CFLAGS="$(SANE)" \
	    EXTRA="-fsanitize=undefined -fno-sanitize-recover=all" test
# nightly: a million distinct crash states of the store on a disk, a quarter as many on flash
CRASH_STATES ?= 1000000
crash: $(B)/tests/test_store_crash
	@time=$$(date +%s); HEARTH_TEST_SECONDS=7200 HEARTH_CRASH_STATES=$(CRASH_STATES) $(RUNNER) $(B)/tests/test_store_crash && \
	    echo "crash: $$(($$(date +%s) - time)) s"
storm: $(B)/tests/test_store_storm
	@HEARTH_TEST_SECONDS=7200 HEARTH_STORM=1000 HEARTH_STORM_OPS=10000 $(RUNNER) $(B)/tests/test_store_storm
# Those tests that start threads; `make tsan TSAN_C=` runs all.
TSAN_C  ?= $(shell grep -lE 'pthread|threads|hearth_model_open|hr_pool' $(TEST_C))
tsan:
	@+HEARTH_CRASH_STATES=1000 HEARTH_TRAIN_STEPS=5 $(SANITIZED) B=build/tsan EXTRA=-fsanitize=thread CFLAGS="$(SANE)" \
	    $(if $(TSAN_C),TESTS="$(TSAN_C:tests/%.c=build/tsan/tests/%)") test
cross:
	@+$(if $(and $(call HAVE,$(CROSS)gcc),$(call HAVE,qemu-aarch64)),HEARTH_CRASH_STATES=1000 HEARTH_TRAIN_STEPS=5 $(VARIANT) B=build/aarch64 CC=$(CROSS)gcc \
	    AR=$(CROSS)ar EXTRA=-static RUNNER=qemu-aarch64 test,echo "cross: skipped: no $(CROSS)gcc or no qemu-aarch64")

# firmware on emulated boards: the same logit hash as here, flash, RAM and stack
MCU_BOARDS ?= stm32f405 an386 an500 an505 an547
MCU_MODEL  ?= $(DATA)/models/stories260K-Q4_K.gguf
mcu: $(B)/drop/hearth.c $(B)/libhearth.a
	@if [ ! -f "$(MCU_MODEL)" ]; then echo "mcu: skipped: no $(MCU_MODEL)"; else for b in $(MCU_BOARDS); do \
	    sh tools/mcu.sh $(B)/drop $(B)/libhearth.a $(B)/mcu $$b "$(MCU_MODEL)" || exit 1; done; fi

SECONDS ?= 12
LIBFUZZ = $(if $(CLANG),$(shell echo 'int LLVMFuzzerTestOneInput(const char *p, long n) { return !p || n < 0; }' | \
             $(CLANG) -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null && echo yes))
fuzz:
	@+$(if $(LIBFUZZ),$(SANITIZED) B=build/fuzz CC=$(CLANG) EXTRA="$(ASAN) -fsanitize=fuzzer-no-link" CFLAGS="$(SANE)" \
	    FUZZ_LINK=-fsanitize=fuzzer fuzz-run,echo "no libFuzzer: blind mutations"; $(SANITIZED) B=build/blind \
	    EXTRA="$(ASAN)" CFLAGS="$(SANE)" FUZZ_MAIN=build/blind/rel/tools/fuzz_driver.o fuzz-run)
fuzz-run: $(FUZZERS) $(SEEDS)
	@sh tools/fuzz.sh $(B) $(SECONDS) $(FUZZERS)

COVERAGE_MIN ?= 95
coverage coverage-check:
	@rm -rf build/coverage
	@+$(VARIANT) B=build/coverage CC=gcc EXTRA=--coverage CFLAGS="-g -O0 -Wall -Wextra -Wpedantic" test
	@sh tools/coverage.sh build/coverage $(if $(filter coverage-check,$@),$(COVERAGE_MIN))

# The same hash from every build: gcc, clang, the drop of either, AArch64 under emulation.
HASHES   = gcc=build/hearth $(if $(CLANG),clang=build/clang/hearth clang-drop=build/clang/hearth-drop) \
           gcc-drop=build/hearth-drop $(if $(HASH64),"aarch64=qemu-aarch64 build/aarch64/hearth")
HASH64   = $(and $(call HAVE,$(CROSS)gcc),$(call HAVE,qemu-aarch64))
onehash: all $(if $(TOOL_C),$(B)/hearth-drop)
ifneq ($(TOOL_C),)
	@+$(if $(CLANG),$(VARIANT) B=build/clang CC=$(CLANG) all build/clang/hearth-drop)
	@+$(if $(HASH64),$(VARIANT) B=build/aarch64 CC=$(CROSS)gcc AR=$(CROSS)ar EXTRA=-static all)
endif
	@sh tools/onehash.sh $(if $(TOOL_C),$(HASHES))

lint: $(REL_O)
	@sh tools/lint.sh $(REL_O)
# no stack traffic in the inner loops of the kernels, with every compiler at hand
spills:
	@sh tools/spills.sh $(KERNELS)

CHECKS ?= lint spills test-gcc test-clang drop asan tsan fuzz cross size onehash
check:
	@ONEHASH_SMALL=1 SIZE_QUICK=1 MAKE="$(MAKE)" sh tools/check.sh $(CHECKS)

clean:
	rm -rf build

help:
	@echo "all (default)  build/libhearth.a and build/hearth     run     MODEL=file.gguf PROMPT='...' ARGS='...'"
	@echo "test           every test; ends with the sums         check   everything: $(CHECKS)"
	@echo "drop           build/drop/hearth.{c,h}, and check it  size    bytes of every configuration"
	@echo "default-model  data, tokenizer, training and scores of the embedded model; resumable"
	@echo "try K=name     check and bench one kernel             bench   every bench, ARGS='...'"
	@echo "onehash        one answer over builds and threads     coverage, coverage-check COVERAGE_MIN=$(COVERAGE_MIN)"
	@echo "fuzz SECONDS=n every fuzz target, FUZZ_JOBS=2         asan ubsan tsan cross lint spills clean"
	@echo "crash          CRASH_STATES=$(CRASH_STATES) distinct ones of the store; storm: two processes in full"

-include $(shell find $(B)/rel $(B)/dbg -name '*.d' 2>/dev/null)
.PHONY: all run test default-model check crash storm drop size bench try roofline plot onehash coverage coverage-check fuzz fuzz-run lint \
        spills asan ubsan tsan cross mcu \
        test-gcc test-clang clean help FORCE
.DEFAULT_GOAL := all
