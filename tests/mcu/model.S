/* model.S: the model file in flash, by address */
    .section .model, "a"
    .balign 64
    .global mcu_model, mcu_model_end
mcu_model:
    .incbin "model.gguf"
mcu_model_end:
