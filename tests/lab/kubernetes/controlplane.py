"""The command lines of etcd, the API server, the controllers and the scheduler."""

from tests.lab.kubernetes.place import API_PORT, ETCD_PEER_PORT, ETCD_PORT, SERVICES, Place

ETCD = f"https://127.0.0.1:{ETCD_PORT}"


def etcd(place: Place) -> list[str]:
    peer = f"http://127.0.0.1:{ETCD_PEER_PORT}"
    return [
        str(place.programs / "etcd"),
        f"--data-dir={place.folder / 'etcd'}",
        "--name=lab",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=lab={peer}",
        "--client-cert-auth",
        f"--trusted-ca-file={place.certificate('ca')}",
        f"--cert-file={place.certificate('etcd')}",
        f"--key-file={place.key('etcd')}",
        "--logger=zap",
        "--log-level=warn",
    ]


def kube_apiserver(place: Place) -> list[str]:
    own_certificate, own_key = place.certificate("kube-apiserver"), place.key("kube-apiserver")
    return [
        str(place.programs / "kube-apiserver"),
        f"--bind-address={place.address}",
        f"--advertise-address={place.address}",
        f"--secure-port={API_PORT}",
        f"--tls-cert-file={own_certificate}",
        f"--tls-private-key-file={own_key}",
        f"--client-ca-file={place.certificate('ca')}",
        f"--etcd-servers={ETCD}",
        f"--etcd-cafile={place.certificate('ca')}",
        f"--etcd-certfile={own_certificate}",
        f"--etcd-keyfile={own_key}",
        f"--kubelet-certificate-authority={place.certificate('ca')}",
        f"--kubelet-client-certificate={own_certificate}",
        f"--kubelet-client-key={own_key}",
        # the node's name need not resolve then
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--service-cluster-ip-range={SERVICES}",
        f"--service-account-issuer={place.server}",
        f"--service-account-key-file={place.key('service-accounts')}",
        f"--service-account-signing-key-file={place.key('service-accounts')}",
        # an API of a test's own, say of metrics, can be registered
        f"--requestheader-client-ca-file={place.certificate('ca')}",
        "--requestheader-allowed-names=aggregator",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={place.certificate('aggregator')}",
        f"--proxy-client-key-file={place.key('aggregator')}",
        "--allow-privileged",
        "--profiling=false",
    ]


def kube_controller_manager(place: Place) -> list[str]:
    return [
        str(place.programs / "kube-controller-manager"),
        *_client_of_the_api(place, "kube-controller-manager"),
        f"--flex-volume-plugin-dir={place.folder / 'volume-plugins'}",
        f"--root-ca-file={place.certificate('ca')}",
        f"--service-account-private-key-file={place.key('service-accounts')}",
        "--use-service-account-credentials",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        # volumes for claims, as folders of this machine
        "--enable-hostpath-provisioner",
    ]


def kube_scheduler(place: Place) -> list[str]:
    return [str(place.programs / "kube-scheduler"), *_client_of_the_api(place, "kube-scheduler")]


def _client_of_the_api(place: Place, name: str) -> list[str]:
    config = place.config(f"{name}.kubeconfig")
    return [
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={place.folder / 'pki' / name}",
        "--port=0",
        # one of each: an election would only write twice a second
        "--leader-elect=false",
        "--profiling=false",
    ]
