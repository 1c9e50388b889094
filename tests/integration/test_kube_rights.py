"""What a login must be allowed, on a real API server: no more than docs/kubernetes/rbac.yml says, and all of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.integration.application import controller, ended, start
from tests.integration.kube_application import Account, KubeApplication, tides
from tests.lab import images
from tests.lab.kubernetes.cluster import Cluster
from tests.lab.steps import wait_until

Right = tuple[str, str, str]  # group, resource, verb


@pytest.fixture(scope="module")
def app(
    base_images: images.Images, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApplication]:
    """An application that is not deployed yet."""
    application = tides(tmp_path_factory.mktemp("tides"), base_images, cluster)
    yield application
    application.remove()


@pytest.fixture(scope="module")
def account(app: KubeApplication) -> Account:
    """Whose login every run has."""
    found = Account(app)
    app.write(**found.login())
    return found


def may(account: Account, right: Right) -> bool:
    """Whether the API server lets the account do something in the namespace."""
    group, resource, verb = right
    resource, _, part = resource.partition("/")
    asked = {
        "namespace": account.app.namespace,
        "group": group,
        "resource": resource,
        "subresource": part,
        "verb": verb,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": f"system:serviceaccount:{account.app.namespace}:{account.name}", "resourceAttributes": asked,
        },
    }  # fmt: skip
    at = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    told = account.app.kubectl("create", "--raw", at, "--filename", "-", stdin=json.dumps(review))
    return bool(json.loads(told)["status"]["allowed"])


@contextlib.contextmanager
def without(account: Account, *rights: Right) -> Iterator[None]:
    """The account does not have some of its rights while the body runs."""
    app = account.app
    role = app.get("role", account.name)
    # one rule for each right, so that one can be left out
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        for rule in role["rules"] for group in rule["apiGroups"] for resource in rule["resources"]
        for verb in rule["verbs"] if (group, resource, verb) not in rights
    ]  # fmt: skip
    patch(app, account.name, rules)
    wait_until("the loss of the rights", lambda: not any(may(account, one) for one in rights), seconds=20)
    yield
    patch(app, account.name, role["rules"])
    wait_until("the return of the rights", lambda: all(may(account, one) for one in rights), seconds=20)


def patch(app: KubeApplication, role: str, rules: Sequence[object]) -> None:
    app.kubectl("patch", "role", role, "--type=merge", "--patch", json.dumps({"rules": rules}))


def test_the_documented_rights_are_enough(app: KubeApplication, account: Account) -> None:
    assert not may(account, ("", "nodes", "list"))
    assert not may(account, ("", "pods", "create"))
    runs = {
        "first": app.deploy("1.0"), "second": app.deploy("1.1"), "back": app.play("rollback", release="1.0"),
        "verify": app.play("verify"), "releases": app.play("releases"), "lock": app.play("lock", reason="night"),
        "unlock": app.play("unlock", reason="day"),
    }  # fmt: skip
    assert {name: run.rc for name, run in runs.items()} == dict.fromkeys(runs, 0), [r.output for r in runs.values()]
    assert app.current()["version"] == "1.0"
    known = runs["releases"].stats["doppelganger_ops_releases"]["app"]
    assert (known["drift"], known["unseen"]) == ([], "")


MISSING: list[tuple[Right, ...]] = [
    (("", "secrets", "list"),),
    (("coordination.k8s.io", "leases", "update"),),
    (
        ("apps", "deployments", "patch"), ("apps", "statefulsets", "watch"), ("", "configmaps", "delete"),
        ("", "services", "list"), ("", "pods/exec", "get"),
        ("", "pods/portforward", "get"), ("", "services/proxy", "get"),
        ("apps", "controllerrevisions", "list"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("rights", MISSING, ids=["records", "lease", "many"])
def test_what_a_login_may_not_is_named_before_anything_changes(
    app: KubeApplication, account: Account, rights: tuple[Right, ...]
) -> None:
    with without(account, *rights):
        before = app.snapshot()
        run = app.deploy("1.1")
        assert app.snapshot() == before
    assert run.rc != 0
    assert run.target()["status"] == "refused", run.output
    told = f"{run.target()['message']} {run.target()['hint']}"
    for group, resource, verb in rights:
        assert f"{verb} {resource}.{group}".rstrip(".") in told
    assert f"namespace {app.namespace}" in told
    assert "docs/kubernetes/rbac.yml" in told
    app.assert_described(run)


def test_what_is_done_without_is_not_asked_for(app: KubeApplication, account: Account) -> None:
    with without(account, ("", "pods", "delete"), ("metrics.k8s.io", "pods", "list")):
        run = app.deploy("1.0")
    assert (run.rc, run.target()["status"]) == (0, "unchanged"), run.output


def test_a_token_that_is_not_valid_is_refused_and_not_shown(app: KubeApplication, account: Account) -> None:
    revoked = account.token()
    app.kubectl("delete", "serviceaccount", account.name)
    app.kubectl("create", "serviceaccount", account.name)
    before = app.snapshot()
    for token in ("wrong-9fXq2", revoked):
        app.write(**{**account.login(), "app_cluster_token": token})
        for playbook, inputs in (("deploy", {"version": "1.1"}), ("rollback", {"release": "1.1"})):
            run = app.play(playbook, "-vvv", **inputs)
            assert run.rc != 0
            # like a cluster out of reach: whoever is let in no more can undo nothing either
            assert run.target()["status"] == "unreachable", run.output
            assert "login" in run.target()["message"]
            assert "Renew the token" in run.target()["hint"]
            assert token not in run.output
    assert app.snapshot() == before


def test_a_server_whose_certificate_is_not_checked_is_refused_unless_it_is_for_development(
    app: KubeApplication, account: Account
) -> None:
    app.write(**account.login(validate_certs=False))
    before = app.snapshot()
    run = app.deploy("1.1")
    assert run.rc != 0
    assert run.target()["status"] == "refused", run.output
    assert "is_development" in run.target()["hint"]
    app.write(**account.login(validate_certs=False, is_development=True))
    run = app.deploy("1.0")
    assert (run.rc, run.target()["status"]) == (0, "unchanged"), run.output
    assert app.snapshot() == before


IN_A_POD = """#!/bin/sh
# only the process sees it: what a pod has where the service account's token is mounted, and its two variables
export KUBERNETES_SERVICE_HOST={host} KUBERNETES_SERVICE_PORT={port}
export HOME={home}
unset KUBECONFIG
exec unshare --mount sh -c '
  set -e
  mount -t tmpfs tmpfs /run
  mkdir -p /run/secrets/kubernetes.io
  cp -r {account} /run/secrets/kubernetes.io/serviceaccount
  exec "$0" "$@"' {program} "$@"
"""


def test_a_pod_needs_no_login_but_its_service_account(app: KubeApplication, account: Account, tmp_path: Path) -> None:
    host, port = app.cluster.kubectl(
        "get", "service", "kubernetes", "--output", "jsonpath={.spec.clusterIP} {.spec.ports[0].port}"
    ).split()
    mounted = tmp_path / "serviceaccount"
    mounted.mkdir()
    (mounted / "token").write_text(account.token())
    (mounted / "namespace").write_text(app.namespace)
    (mounted / "ca.crt").write_bytes(account.authority.read_bytes())
    program = tmp_path / "ansible-playbook"
    program.write_text(IN_A_POD.format(host=host, port=port, home=tmp_path, account=mounted, program=controller()))
    program.chmod(0o700)
    app.write(app_cluster={"namespace": app.namespace}, app_cluster_token="")
    process, _, stats = start(app.inventory, "verify", python=str(tmp_path / "python"))
    output, _ = process.communicate()
    run = ended(process.returncode, output, stats)
    app.write(**account.login())
    assert (run.rc, run.target()["status"]) == (0, "unchanged"), run.output
