"""Palladium's name at the top of an environment, for programs and tests that import it: `triglot.palladium`.

It is a file and no folder, because a folder of this name, which is Palladium itself, comes before it.
"""

import importlib
import sys

from triglot.aliases import install

install()
sys.modules[__name__] = importlib.import_module("triglot.palladium")
