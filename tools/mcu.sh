#!/bin/sh
# mcu.sh DROP LIB OUT BOARD MODEL...: builds tests/mcu/generate.c with the drop (HEARTH_MCU) for an emulated board and with the
# library LIB for this machine, runs both and compares their logit hashes. Prints flash, RAM, stack and instructions per token (ICOUNT_PLUGIN:
# the emulator's counting plugin, or none). Status 1 when anything differs; skips without compiler or emulator.
set -e
drop=$1 lib=$2 out=$3 board=$4
shift 4
gcc=arm-none-eabi-gcc qemu=qemu-system-arm
if ! command -v $gcc >/dev/null || ! command -v $qemu >/dev/null; then echo "mcu: skipped: no $gcc or no $qemu"; exit 0; fi
ram=2M
case $board in
stm32f405) machine=netduinoplus2 cpu="-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16" rom=0x08000000 rom_bytes=1M at=0x20000000 ram=192K ;;
an386) machine=mps2-an386 cpu="-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16" rom=0 rom_bytes=4M at=0x20000000 ;;
an500) machine=mps2-an500 cpu="-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-d16" rom=0 rom_bytes=4M at=0x20000000 ;;
an505) machine=mps2-an505 cpu="-mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16" rom=0x10000000 rom_bytes=4M at=0x38000000 ;;
an547) machine=mps3-an547 cpu="-mcpu=cortex-m55+nomve -mfloat-abi=hard" rom=0x10000000 rom_bytes=512K at=0x30000000 ram=512K ;;
# (nomve: the assembler of gcc 12 takes a conditional vcvt for one of Helium)
*) echo "mcu: unknown board $board" >&2; exit 2 ;;
esac
heap=${MCU_RAM:-167936}
flags="-mthumb -std=c11 ${MCU_O:--Os} -ffunction-sections -fdata-sections -fno-tree-loop-distribute-patterns"
mkdir -p "$out"
for model in "$@"; do
    dir=$out/$board-$(basename "$model" .gguf)
    mkdir -p "$dir"
    cp "$model" "$dir/model.gguf"
    cpp -P -DROM=$rom -DROM_BYTES=$rom_bytes -DRAM_AT=$at -DRAM_BYTES=$ram tests/mcu/board.ld.S >"$dir/board.ld"
    # shellcheck disable=SC2086
    [ "$out/hearth-$board.o" -nt "$drop/hearth.c" ] || $gcc $cpu $flags -Wall -Wextra -DHEARTH_MCU -c "$drop/hearth.c" -o "$out/hearth-$board.o"
    for n in 16 32; do
        # shellcheck disable=SC2086
        $gcc $cpu $flags -I"$drop" -DRAM_BYTES="$heap" -DTOKENS=$n -nostartfiles --specs=nano.specs -Wl,--gc-sections -Wa,-I"$dir" \
            -T "$dir/board.ld" tests/mcu/start.c tests/mcu/generate.c tests/mcu/model.S "$out/hearth-$board.o" -lm -lc -lgcc \
            -lnosys -o "$dir/app$n.elf"
        # shellcheck disable=SC2086
        timeout 300 $qemu -M $machine -display none -monitor none -serial none -icount shift=0 ${ICOUNT_PLUGIN:+-plugin "$ICOUNT_PLUGIN"} \
            -semihosting-config enable=on,target=native -kernel "$dir/app$n.elf" </dev/null >"$dir/board$n.txt" 2>&1 ||
            { cat "$dir/board$n.txt"; echo "mcu: $board: failed"; exit 1; }
    done
    # the machine's own kernels, the whole library: what a board must equal
    ${CC:-cc} -std=c11 -O2 -I"$drop" -DRAM_BYTES=4000000 -DTOKENS=32 -Wa,-I"$dir" tests/mcu/host.c tests/mcu/generate.c \
        tests/mcu/model.S "$lib" -lm -lpthread -z noexecstack -o "$dir/host"
    "$dir/host" >"$dir/host.txt" || { cat "$dir/host.txt"; exit 1; }
    want=$(sed -n 's/^logit_hash //p' "$dir/host.txt") got=$(sed -n 's/^logit_hash //p' "$dir/board32.txt")
    arm-none-eabi-size -A "$dir/app32.elf" | awk '/^\.text|^\.data/ { t += $2 } /^\.model/ { m = $2 } END { printf "flash: code %d, model %d\n", t, m }'
    sed '/^logit_hash/d; /^insns/d' "$dir/board32.txt"
    awk '/^insns/ { n[++i] = $2 } END { if (i == 2) printf "instructions per token: %d\n", (n[2] - n[1]) / 16 }' "$dir/board16.txt" "$dir/board32.txt"
    echo "mcu: $board $(basename "$model"): hash $got, here $want"
    [ -n "$want" ] && [ "$want" = "$got" ] || { echo "mcu: FAILED"; exit 1; }
done
