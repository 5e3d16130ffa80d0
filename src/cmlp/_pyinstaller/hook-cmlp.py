"""What PyInstaller does not find by reading the code of cmlp, and what a program does not need because of it."""

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

# Exports, pages and the bundled digits are read at run time; the C library is for `get_source`.
datas = collect_data_files("cmlp")
# `cmlp.__main__` imports the module of a command by its name.
hiddenimports = [*collect_submodules("cmlp._cli"), *collect_submodules("cmlp.story")]
# A gigabyte, of which cmlp uses the modules of programs that import torch themselves.
excludedimports = ["torch"]
