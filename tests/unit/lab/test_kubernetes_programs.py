"""What the cluster's programs are told: they stay on this machine, in their folder, and keep off what others have."""

import re
from pathlib import Path

import pytest

from tests.lab import processes
from tests.lab.kubernetes import node, programs
from tests.lab.kubernetes.cluster import Cluster
from tests.lab.kubernetes.place import Place
from tests.lab.steps import LabError

PLACE = Place(Path("/programs"), "192.0.2.1", "unix:///engine.sock", "cgroupfs", folder=Path("/state"))
LINES = {name: command(PLACE) for name, command in programs.COMMANDS.items()}
CONFIGS = [node.kubelet_config(PLACE), node.kube_proxy_config(PLACE)]


@pytest.mark.parametrize("name", [name for name in LINES if name != programs.DNS])
def test_a_program_is_the_cached_one(name: str) -> None:
    assert LINES[name][0] == f"/programs/{name}"


@pytest.mark.parametrize("name", LINES)
def test_a_program_listens_on_this_machine_alone(name: str) -> None:
    addresses = re.findall(r"\b\d+\.\d+\.\d+\.\d+\b(?!/)", " ".join(LINES[name]))
    assert set(addresses) <= {"127.0.0.1", PLACE.address}


def test_what_listens_by_default_is_told_where() -> None:
    said = {word.partition("=")[0]: word.partition("=")[2] for line in LINES.values() for word in line}
    assert said["--listen-client-urls"] == "https://127.0.0.1:7379"
    assert said["--listen-peer-urls"] == "http://127.0.0.1:7380"
    assert said["--port"] == "0"
    kubelet, proxy = CONFIGS
    assert (kubelet["address"], kubelet["healthzBindAddress"], kubelet["readOnlyPort"]) == ("192.0.2.1", "127.0.0.1", 0)
    assert {proxy["healthzBindAddress"], proxy["metricsBindAddress"]} == {"127.0.0.1:10256", "127.0.0.1:10249"}


def test_the_engines_images_are_never_tidied_up() -> None:
    assert node.kubelet_config(PLACE)["imageGCHighThresholdPercent"] == 100
    assert set(node.kubelet_config(PLACE)["evictionHard"]) == {"memory.available"}


@pytest.mark.parametrize("name", LINES)
def test_a_file_is_in_the_clusters_folder(name: str) -> None:
    paths = [word.partition("=")[2] for word in LINES[name] if re.match(r"--[\w-]+=/", word)]
    assert [path for path in paths if not path.startswith("/state/")] == []


@pytest.mark.parametrize("verb", ["start", "stop", "pause"])
@pytest.mark.parametrize(
    ("started_here", "name", "expected"),
    [
        (False, "etcd", "only the lab's own cluster can be broken"),
        (True, "etcd2", "expected one of etcd, kube-apiserver"),
    ],
    ids=["another's cluster", "no program"],
)
def test_what_cannot_be_broken_is_refused(
    monkeypatch: pytest.MonkeyPatch, verb: str, started_here: bool, name: str, expected: str
) -> None:
    monkeypatch.setattr(Place, "load", lambda: PLACE)
    cluster = Cluster(Path("kubeconfig"), "context", "https://192.0.2.1", started_here)
    with pytest.raises(LabError, match=expected):
        getattr(cluster, verb)(name)


def test_a_program_that_ends_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "RUN", tmp_path)
    monkeypatch.setattr(programs, "log", lambda name: tmp_path / f"{name}.log")
    (tmp_path / "etcd.log").write_text("address already in use")
    with pytest.raises(LabError, match=r"expected it to run, found that it ended(.|\n)*address already in use"):
        programs.wait("etcd", "an answer", lambda: False, seconds=60)
