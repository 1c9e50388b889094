"""The images of the examples in the lab's registry: ``python -m tests.lab.pages [EXAMPLE]``."""

import os
import sys

from examples import images as examples_images
from tests.lab import images, registry


def ensure(example: str = "pages") -> dict[str, str]:
    """Push every version; returns their digests."""
    os.environ["BUSYBOX_IMAGE"] = images.ensure().busybox
    return examples_images.push(example, registry.ensure().address)


if __name__ == "__main__":
    print(ensure(*sys.argv[1:2]))
