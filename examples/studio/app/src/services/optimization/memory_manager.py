"""Tell how much memory the running application takes, of how much, and whether it grows. Changes nothing."""

import argparse
import sys
import time

from src import client


def hint(first: client.Memory, last: client.Memory, seconds: float) -> str:
    """What the two readings mean: a process breathes, so growth below 1 MiB says nothing."""
    growth = last.resident - first.resident
    if growth < client.MIB:
        return "steady"
    if not last.limit:
        return "grows, look again over a longer time"
    left = (last.limit - last.resident) / growth * seconds
    return f"grows: at this pace the limit is reached in {left:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m src.services.optimization.memory_manager", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2, help="time between the two readings (default: %(default)s)")
    seconds = parser.parse_args().seconds
    try:
        first = client.memory()
        time.sleep(seconds)
        last = client.memory()
    except (OSError, ValueError) as error:
        sys.exit(f"ERROR the application cannot be asked: {error}")
    print(f"resident  {last}")
    print(f"growth    {(last.resident - first.resident) / client.MIB:+.1f} MiB in {seconds:g} s")
    print(f"hint      {hint(first, last, seconds)}")


if __name__ == "__main__":
    main()
