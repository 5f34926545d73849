# elf/
