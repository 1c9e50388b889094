"""Build the image of an example and push it: ``python -m examples.images EXAMPLE REGISTRY``."""

import argparse
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

REPOSITORIES = {"pages": "pages/web", "tides": "tides/tides"}
VERSIONS = ("1.0", "1.1")


def push(example: str, registry: str, versions: Iterable[str] = VERSIONS) -> dict[str, str]:
    """Build and push each version; returns their digests. Where the registry asks for a login, log in before."""
    folder = Path(__file__).parent / example / "image"
    return {version: _push(folder, f"{registry}/{REPOSITORIES[example]}:{version}", version) for version in versions}


def _push(folder: Path, reference: str, version: str) -> str:
    settings = {"BASE_IMAGE": os.environ.get("BUSYBOX_IMAGE", "busybox:1"), "VERSION": version}
    arguments = [part for name, value in settings.items() for part in ("--build-arg", f"{name}={value}")]
    _docker("build", "--quiet", "--tag", reference, *arguments, str(folder))
    _docker("push", "--quiet", reference)
    repository = reference.rpartition(":")[0]
    pushed = _docker("image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', reference).splitlines()
    return next(digest.partition("@")[2] for digest in pushed if digest.startswith(f"{repository}@"))


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.images", description=__doc__)
    parser.add_argument("example", choices=REPOSITORIES)
    parser.add_argument("registry", help="where to push to, such as 127.0.0.1:5000")
    options = parser.parse_args()
    for version, digest in push(options.example, options.registry).items():
        print(version, digest)


if __name__ == "__main__":
    main()
