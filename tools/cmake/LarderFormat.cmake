# Targets format and format-check, where clang-format is installed.
find_program(CLANG_FORMAT NAMES clang-format clang-format-14)
