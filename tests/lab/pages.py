"""The images of the examples in the lab's registry: ``python -m tests.lab.pages [EXAMPLE]``."""

import os
import sys

from examples import images as examples_images
from tests.lab import images, lock, registry


def ensure(example: str = "pages", base: images.Images | None = None) -> dict[str, str]:
    """Push every version; returns their digests."""
    os.environ["BUSYBOX_IMAGE"] = (base or images.ensure()).busybox
    address = registry.ensure().address
    with lock.alone(example):  # built twice at once, a version would have two digests
        return examples_images.push(example, address)


if __name__ == "__main__":
    print(ensure(next(iter(sys.argv[1:]), "pages")))
