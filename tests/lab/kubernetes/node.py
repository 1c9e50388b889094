"""The one node: command lines and configuration of kubelet (pods through the engine) and of kube-proxy."""

import hashlib
import json
from typing import Any

from tests.lab.docker import docker, inspect
from tests.lab.kubernetes.place import DOMAIN, NAME, Place
from tests.lab.steps import run

PAUSE = "doppelganger-lab/pause:1"


def kubelet(place: Place) -> list[str]:
    return [
        str(place.programs / "kubelet"),
        f"--kubeconfig={place.config('kubelet.kubeconfig')}",
        f"--config={place.config('kubelet.json')}",
        f"--hostname-override={NAME}",
        f"--node-ip={place.address}",
        f"--docker-endpoint={place.engine}",
        "--network-plugin=",
        f"--pod-infra-container-image={PAUSE}",
        # all that kubelet keeps is in one folder, which goes when the cluster goes
        f"--root-dir={place.folder / 'kubelet'}",
        f"--experimental-dockershim-root-directory={place.folder / 'dockershim'}",
        f"--container-runtime-endpoint=unix://{place.folder / 'dockershim.sock'}",
        f"--cert-dir={place.folder / 'pki' / 'kubelet'}",
        # looking at every group of the machine costs more than all else that an idle kubelet does
        "--housekeeping-interval=15s",
    ]


def kubelet_config(place: Place) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": place.address,
        "healthzBindAddress": "127.0.0.1",
        "readOnlyPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(place.certificate("ca"))},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(place.certificate("kubelet")),
        "tlsPrivateKeyFile": str(place.key("kubelet")),
        "clusterDNS": [place.address],
        "clusterDomain": DOMAIN,
        "cgroupDriver": place.cgroup_driver,
        "failSwapOn": False,
        # the engine's images belong to others, too: kubelet must not tidy them up, nor evict pods from a full disk
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi"},
        # a node waits for its next report until it is ready; one that says nothing new is not sent
        "nodeStatusUpdateFrequency": "2s",
        "nodeStatusReportFrequency": "5m",
        # a pod that is deleted while its container is being started is only checked again then, by default after
        # one to one and a half minutes
        "syncFrequency": "5s",
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        # kubelet's own limits (5 requests a second, also of events; 0 means the same 5) are for hundreds of nodes:
        # here they would let events and ends of pods wait for half a minute
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "eventRecordQPS": 200,
        "eventBurst": 400,
        "volumePluginDir": str(place.folder / "volume-plugins"),
        # they would live in a folder which cannot be moved
        "featureGates": {"DevicePlugins": False},
    }


def kube_proxy(place: Place) -> list[str]:
    return [str(place.programs / "kube-proxy"), f"--config={place.config('kube-proxy.json')}"]


def kube_proxy_config(place: Place) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "hostnameOverride": NAME,
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(place.config("kube-proxy.kubeconfig"))},
        "bindAddress": place.address,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "nodePortAddresses": ["127.0.0.0/8", f"{place.address}/32"],
        # pods share one bridge: an answer that went straight back would come from an address which was never asked
        "iptables": {"masqueradeAll": True},
        # the machine's own limits stay as they are
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def write(place: Place) -> None:
    place.config("kubelet.json").write_text(json.dumps(kubelet_config(place)))
    place.config("kube-proxy.json").write_text(json.dumps(kube_proxy_config(place)))


def import_pause(place: Place) -> None:
    """The image whose container keeps a pod's network: one static program."""
    made_of = hashlib.sha256((place.programs / "pause").read_bytes()).hexdigest()[:12]
    if inspect("image", PAUSE, '{{index .Config.Labels "lab.recipe"}}') == made_of:
        return
    packed = place.config("pause.tar")
    run(["tar", "--directory", place.programs, "--create", "--file", packed, "pause"])
    changes = ["--change", 'ENTRYPOINT ["/pause"]', "--change", f"LABEL lab.recipe={made_of}"]
    docker("import", *changes, packed, PAUSE)
