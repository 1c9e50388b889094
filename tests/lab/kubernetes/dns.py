"""The cluster's DNS, since there is no CoreDNS available: ``python -m tests.lab.kubernetes.dns``."""

import json
import re
import socketserver
import sys
import threading
import time
from http.client import HTTPException
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.lab.kubernetes.api import Api
from tests.lab.kubernetes.names import Object, Records, records
from tests.lab.kubernetes.place import DOMAIN, Place
from tests.lab.steps import LabError, say

PATHS = ("/api/v1/services", "/api/v1/endpoints")
TTL = 5


class Zone:
    """The records of a cluster, kept up to date; what was known stays known while the API server is away."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._found: dict[str, dict[str, Object]] = {path: {} for path in PATHS}
        self._lock = threading.Lock()
        self.records: Records = {}

    def follow(self, path: str) -> None:
        while True:
            try:
                self._follow_once(path)
            except (LabError, OSError, HTTPException, json.JSONDecodeError) as reason:
                say(f"{path}: {reason}; trying again")
            # also after a watch that ended at once
            time.sleep(1)

    def _follow_once(self, path: str) -> None:
        listed = self._api.get(path)
        if listed is None:
            raise LabError("no answer")
        self._set(path, {item["metadata"]["uid"]: item for item in listed["items"]})
        version = listed["metadata"]["resourceVersion"]
        for event in self._api.watch(f"{path}?watch=true&timeoutSeconds=3600&resourceVersion={version}"):
            if event["type"] == "ERROR":
                return
            item = event["object"]
            kept = {uid: each for uid, each in self._found[path].items() if uid != item["metadata"]["uid"]}
            if event["type"] != "DELETED":
                kept[item["metadata"]["uid"]] = item
            self._set(path, kept)

    def _set(self, path: str, found: dict[str, Object]) -> None:
        with self._lock:
            self._found[path] = found
            services, endpoints = (self._found[each].values() for each in PATHS)
            self.records = records(services, endpoints)


def answer(asked: bytes, known: Records, upstream: str) -> bytes:
    """The answer to a question: the cluster's own names from its records, every other from the machine's own server."""
    question = dns.message.from_wire(asked)
    response = dns.message.make_response(question, recursion_available=True)
    name = question.question[0].name.to_text(omit_final_dot=True).lower()
    if name == DOMAIN or name.endswith(f".{DOMAIN}"):
        response.flags |= dns.flags.AA
        if name not in known:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif question.question[0].rdtype == dns.rdatatype.A:
            response.answer.append(dns.rrset.from_text_list(question.question[0].name, TTL, "IN", "A", known[name]))
        return response.to_wire()
    try:
        return dns.query.udp(question, upstream, timeout=3).to_wire()
    except (dns.exception.DNSException, OSError, ValueError):
        response.set_rcode(dns.rcode.SERVFAIL)
        return response.to_wire()


def upstream() -> str:
    """The server of this machine; empty where it has none."""
    found = re.search(r"^nameserver\s+(\S+)", Path("/etc/resolv.conf").read_text(), re.MULTILINE)
    return found[1] if found else ""


def serve(place: Place) -> None:
    zone, server = Zone(Api(place)), upstream()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked, socket = self.request
            try:
                socket.sendto(answer(asked, zone.records, server), self.client_address)
            except (dns.exception.DNSException, IndexError, OSError) as reason:
                say(f"{self.client_address[0]}: {reason}")

    for path in PATHS:
        threading.Thread(target=zone.follow, args=[path], daemon=True).start()
    with socketserver.ThreadingUDPServer((place.address, 53), Handler) as listening:
        listening.serve_forever(poll_interval=60)


if __name__ == "__main__":
    here = Place.load()
    if here is None:
        sys.exit("no cluster: start one with `python -m tests.lab kubernetes`")
    serve(here)
