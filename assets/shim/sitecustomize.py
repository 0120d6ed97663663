"""Starts tftop's shim, then runs the sitecustomize that this file hides. Never breaks the interpreter.

Python's `site` imports a module of this name at the start of every interpreter (Lib/site.py, execsitecustomize);
the launcher puts this directory first on PYTHONPATH. With -I, -E, -S or an emptied environment it is not seen.
"""


def _start():
    """Installs the shim and takes its directory off sys.path: the script finds the path it would have had."""
    import os
    import sys

    here = os.path.dirname(os.path.abspath(__file__))
    try:
        import _tftop_shim

        _tftop_shim.install(os.environ.get("TFTOP_SHIM"))
    except Exception:
        pass  # a launcher's mistake must not become the script's
    sys.path[:] = [entry for entry in sys.path if not entry or os.path.abspath(entry) != here]


def _run_hidden():
    """Runs the next sitecustomize on sys.path in our place; its errors are Python's to report, as without us."""
    import importlib.machinery
    import importlib.util
    import sys

    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_start()
_run_hidden()
