# Hearth. `make help` lists the targets. Needs GNU make and gcc or clang; nothing else for all, run, test.
# Variables: CC, AR, CFLAGS (optimisation and warnings), EXTRA (added to compile and link), B (build folder),
# WERROR=1, RUNNER (put in front of test programs: an emulator), HEARTH_DATA (shared data, default ../shared/data).

ifeq ($(origin CC),default)
CC := $(firstword $(foreach c,gcc clang cc,$(if $(shell command -v $(c)),$(c))))
endif
B       ?= build
CFLAGS  ?= -O2 -g -Wall -Wextra -Wpedantic
STD     := -std=c11 -I. -I$(B)/gen $(if $(WERROR),-Werror) $(EXTRA)
LIBS    := -pthread -lm
ifneq ($(HEARTH_DATA),)
export HEARTH_DATA
endif
DATA    := $(if $(HEARTH_DATA),$(HEARTH_DATA),../shared/data)

KERNELS := $(sort $(wildcard kernels/ref/*.c kernels/x86/*.c kernels/arm/*.c kernels/mve/*.c kernels/riscv/*.c))
LIB_C   := $(sort $(filter-out engine/hearth_all.c,$(wildcard engine/*.c engine/base/*.c kernels/*.c quant/*.c \
             tokenizer/*.c memory/*.c policy/*.c)) $(KERNELS))
TOOL_C  := $(sort $(wildcard tools/hearth*.c tools/cmd_*.c tools/cli*.c))
TEST_C  := $(sort $(wildcard tests/test_*.c))
FUZZ_C  := $(sort $(wildcard tests/fuzz_*.c))
HELP_C  := $(sort $(filter-out tests/test_%.c tests/fuzz_%.c tests/gen_%.c,$(wildcard tests/*.c)))
BENCH_C := $(sort $(wildcard bench/bench_*.c))

# Two builds of the library: as it ships, and with the assertions on (tests).
REL_O   := $(LIB_C:%.c=$(B)/rel/%.o)
DBG_O   := $(LIB_C:%.c=$(B)/dbg/%.o)
HELP_O  := $(HELP_C:%.c=$(B)/dbg/%.o)
TESTS   := $(TEST_C:tests/%.c=$(B)/tests/%)
BENCHES := $(BENCH_C:bench/%.c=$(B)/bench/%)
GEN     := $(B)/gen/kernel_list.inc

archive = @mkdir -p $(B); rm -f $@; $(if $(1),$(AR) rcs $@ $(1),printf '!<arch>\n' > $@)

all: $(B)/libhearth.a $(if $(TOOL_C),$(B)/hearth)

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
$(B)/hearth: $(TOOL_C:%.c=$(B)/rel/%.o) $(B)/libhearth.a
	$(Q)$(CC) $(EXTRA) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/tests/%: $(B)/dbg/tests/%.o $(B)/libtests.a $(B)/libhearth-dbg.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(EXTRA) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/bench/%: $(B)/rel/bench/%.o $(B)/libhearth.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(EXTRA) $(LDFLAGS) -o $@ $^ $(LIBS)
.SECONDARY:

# Rewritten only when the rows change, so that a new kernel rebuilds the registry and nothing else.
$(GEN): FORCE
	@mkdir -p $(@D)
	@awk -f tools/kernel_list.awk /dev/null $(KERNELS) > $@.new
	@if cmp -s $@.new $@; then rm -f $@.new; else mv $@.new $@; fi
FORCE:

# Compile lines are long: V=1 shows them.
Q := $(if $(V),,@)

MODEL   ?= $(wildcard $(DATA)/models/stories260K.gguf)
PROMPT  ?= Once upon a time
run: all
	@if [ -z "$(MODEL)" ]; then echo "make run MODEL=file.gguf PROMPT='...'" >&2; exit 2; fi
	@$(B)/hearth run "$(MODEL)" -p "$(PROMPT)" $(ARGS)

test: all $(TESTS)
	@RUNNER="$(RUNNER)" sh tools/run_tests.sh $(TESTS)

bench: $(BENCHES)
	@for b in $(BENCHES); do echo "== $$b"; $$b || exit 1; done

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all run test check drop size bench try onehash coverage fuzz lint asan ubsan tsan cross clean help FORCE
.DEFAULT_GOAL := all
