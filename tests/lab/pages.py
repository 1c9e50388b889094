"""The images of the example ``pages`` in the lab's registry: ``python -m tests.lab.pages``."""

import os

from examples.pages import images as pages
from tests.lab import images, registry


def ensure() -> dict[str, str]:
    """Push every version; returns their digests."""
    os.environ["BUSYBOX_IMAGE"] = images.ensure().busybox
    return pages.push(registry.ensure().address)


if __name__ == "__main__":
    print(ensure())
