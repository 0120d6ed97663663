"""`%tftop` and `%%tftop` in a real IPython, without a notebook. Ends with OK."""

import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

sys.path.insert(0, str(Path(__file__).parents[2] / "assets" / "python"))

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "tftop")

cell = "import time\nuntil = time.monotonic() + 3\nwhile time.monotonic() < until:\n    sum(range(1000))\nanswer = 42"
shown = shell.run_cell_magic("tftop", "", cell)
assert shell.user_ns["answer"] == 42, "the cell ran in the shell"
assert shown.report["target"]["pid"] and shown.report["demand"]["got"] > 0.2, shown.report["demand"]

of_kernel = shell.run_line_magic("tftop", "")
formats, _ = shell.display_formatter.format(of_kernel)
assert "<table>" in formats["text/html"] and "main thread" in formats["text/html"], formats
assert "origin" in formats["text/plain"] and "main thread" in formats["text/plain"], formats

print("OK")
