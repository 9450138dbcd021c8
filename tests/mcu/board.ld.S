/* board.ld.S: memory of an emulated board; through cpp -P with ROM, ROM_BYTES, RAM, RAM_BYTES. */
ENTRY(reset_handler)
MEMORY { CODE (rx) : ORIGIN = ROM, LENGTH = ROM_BYTES
         RAM (rwx) : ORIGIN = RAM_AT, LENGTH = RAM_BYTES }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) . = ALIGN(16); } > CODE
  .ARM.exidx : { *(.ARM.exidx*) } > CODE
  .data : { __data = .; *(.data*) . = ALIGN(8); __edata = .; } > RAM AT > CODE
  __etext = LOADADDR(.data);
  .model : { . = ALIGN(64); *(.model*) } > CODE
  .bss (NOLOAD) : { __bss = .; *(.bss*) *(COMMON) . = ALIGN(8); __ebss = .; } > RAM
  __stack = ORIGIN(RAM) + LENGTH(RAM);
  /DISCARD/ : { *(.comment) *(.note*) }
}
