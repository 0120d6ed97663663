"""tftop's shim: thread caps that hold inside an unmodified TensorFlow script, and a record of who asked for what.

Imports no TensorFlow: every hook waits until the script itself imports the module it belongs to.
"""

import sys

_installed = []


def install(text):
    """Installs the hooks for one configuration (see config.py); a second call does nothing.

    A missing or broken configuration raises, and sitecustomize.py swallows it: the script runs as if alone.
    """
    if _installed or not text:
        return
    from . import config, environ, hooks, lifetime, shim

    settings = config.parse(text)
    one = shim.Shim(settings)
    _installed.append(one)
    lifetime.follow(one)
    environ.guard(one)
    hooks.install(one, sys.meta_path)
