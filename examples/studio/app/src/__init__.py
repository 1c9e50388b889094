"""DOPPELGANGER STUDIO.

Python imports this file before anything else of the application, so that from then on a stop is obeyed: the kernel
ignores SIGTERM for the first process of a container unless the process handles it.
"""

import signal
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
