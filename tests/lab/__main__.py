"""Bring the lab up and down. Every verb does nothing when its work is already done."""

import argparse
import sys
from collections.abc import Callable, Sequence

from tests.lab import browser, engine, fleet, images, network, registry
from tests.lab.kubernetes import cluster
from tests.lab.steps import LabError, answers, say


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    work: Callable[[argparse.Namespace], None] = options.work
    try:
        work(options)
    except LabError as reason:
        say(str(reason))
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("engine", help="a Docker Engine with Compose v2").set_defaults(work=_engine)
    verbs.add_parser("images", help="the base images, official or standing in for them").set_defaults(work=_images)
    registry_verb = verbs.add_parser("registry", help="a registry on 127.0.0.1")
    registry_verb.add_argument("--login", action="store_true", help="one that asks for a user and a password")
    registry_verb.set_defaults(work=_registry)
    fleet_verb = verbs.add_parser("fleet", help="hosts with ssh and an engine of their own")
    fleet_verb.add_argument("count", type=int, nargs="?", default=3)
    fleet_verb.set_defaults(work=_fleet)
    verbs.add_parser("browser", help="a browser without a window").set_defaults(work=_browser)
    verbs.add_parser("fleet-down", help="remove the fleet").set_defaults(work=lambda _: fleet.down())
    verbs.add_parser("kubernetes", help="a cluster of one node, or the one of KUBECONFIG").set_defaults(
        work=_kubernetes
    )
    verbs.add_parser("kubernetes-down", help="remove the cluster").set_defaults(work=lambda _: cluster.down())
    verbs.add_parser("down", help="stop and remove whatever the lab started; the cache stays").set_defaults(work=_down)
    return parser


def _engine(_: argparse.Namespace) -> None:
    found = engine.ensure()
    whose = "started by the lab" if found.started_here else "found running"
    say(f"engine {found.version} with Compose {found.compose} at {found.socket}, {whose}")


def _images(_: argparse.Namespace) -> None:
    images.ensure()
    say(f"base images, as named in {images.env_file()}")
    print(images.env_file().read_text(), end="")


def _registry(options: argparse.Namespace) -> None:
    found = registry.ensure(login=options.login)
    login = f", user {found.user}, password in {registry.PASSWORD_FILE}" if found.user else ""
    say(f"registry at {found.address}{login}")


def _fleet(options: argparse.Namespace) -> None:
    found = fleet.ensure(options.count)
    say(f"{', '.join(f'{host.name} ({host.address})' for host in found.hosts)}; inventory {found.inventory}")


def _browser(_: argparse.Namespace) -> None:
    say(f"browser {browser.ensure()}")


def _kubernetes(_: argparse.Namespace) -> None:
    found = cluster.ensure()
    whose = "started by the lab" if found.started_here else "found by KUBECONFIG"
    say(f"cluster at {found.server}, {whose}: export KUBECONFIG={found.kubeconfig}")
    if found.programs:
        say(f"its kubectl: {found.programs / 'kubectl'}")


def _down(_: argparse.Namespace) -> None:
    cluster.down()
    if answers(["docker", "info"]):
        fleet.down()
        registry.down()
        network.down()
    engine.down()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
