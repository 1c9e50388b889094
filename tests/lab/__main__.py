"""python -m tests.lab <verb>"""

import argparse
import sys
from collections.abc import Sequence

from tests.lab import engine
from tests.lab.steps import LabError, say


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("engine", help="a Docker Engine with Compose v2")
    options = parser.parse_args(argv)
    try:
        print(engine.ensure())
    except LabError as reason:
        say(str(reason))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
