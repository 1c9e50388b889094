"""The output callback with playbooks that are not ours, at both ends of what is supported, and where it is not used."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.application import ROOT, controller

CONTROLLERS = {"oldest": ROOT / ".venv/bin/python", "newest": ROOT / ".venv-3.13/bin/python"}
CODES = {"oldest": "non-zero return code", "newest": "The command exited with a non-zero return code."}
SECRET = "hunter22"
PLAY = r"""
- name: Somebody else's play
  hosts: all
  gather_facts: false
  connection: local
  handlers:
    - name: Handle it
      ansible.builtin.debug:
        msg: handled
  tasks:
    - name: Nothing changes
      ansible.builtin.ping:
    - name: Write a file
      ansible.builtin.copy:
        content: "hello {{ inventory_hostname }}\n"
        dest: "{{ folder }}/{{ inventory_hostname }}.txt"
        mode: "0600"
      notify: Handle it
    - name: Keep quiet and fail
      ansible.builtin.command: sh -c "echo hunter22 >&2; exit 3"
      no_log: true
      ignore_errors: true
    - name: Several
      ansible.builtin.command: sh -c "exit {{ item }}"
      loop: [0, 1]
      ignore_errors: true
      when: inventory_hostname == 'two'
    - name: Say it
      ansible.builtin.debug:
        msg: "a line\nand another"
    - name: Say each
      ansible.builtin.debug:
        msg: "item {{ item }}"
      loop: [7, 8]
    - name: Rescued
      when: inventory_hostname == 'two'
      block:
        - name: Breaks
          ansible.builtin.command: sh -c "echo so sad >&2; exit 4"
      rescue:
        - name: Mends
          ansible.builtin.debug:
            msg: mended
    - name: Only one
      ansible.builtin.fail:
        msg: "It was \e[31mred\e[0m."
      when: inventory_hostname == 'two'
"""


@pytest.fixture
def play(tmp_path: Path) -> Path:
    """Their playbook, in a folder of its own."""
    path = tmp_path / "play.yml"
    path.write_text(PLAY)
    return path


def command(python: Path, play: Path, *arguments: str) -> list[str]:
    return [controller(str(python)), "-i", "one,two,", str(play), "-e", f"ansible_python_interpreter={python}", "-e",
            f"folder={play.parent}", *arguments]  # fmt: skip


def run(argv: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    known = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORKS": "1", **environment}
    return subprocess.run(argv, env=known, cwd=ROOT, check=False, capture_output=True, text=True)


def without_origins(output: str) -> list[str]:
    """The lines without what Ansible itself says of an error: where it comes from, down to an empty line."""
    return re.sub(r"^\[ERROR\].*?\^ column \d+\n\n", "", output, flags=re.DOTALL | re.MULTILINE).splitlines()


@pytest.mark.parametrize("which", CONTROLLERS)
def test_what_changed_and_what_failed_is_shown_with_its_host(which: str, play: Path) -> None:
    python, code = CONTROLLERS[which], CODES[which]
    assert python.exists(), f"{python} is missing: run `make venv venv-newest`."
    done = run(command(python, play, "--diff"))
    written = [
        (f"  changed   {host}  Write a file", "--- before", f"+++ after: {play.parent}/{host}.txt", "@@ -0,0 +1 @@",
         f"+hello {host}")
        for host in ("one", "two")
    ]  # fmt: skip
    hidden = "Keep quiet and fail: the output has been hidden due to the fact that 'no_log: true' was specified for"
    assert without_origins(done.stdout) == [
        "", "Somebody else's play: 2 hosts", *written[0], *written[1],
        *(line for host in ("one", "two") for line in (f"  ignored   {host}  {hidden}", "      this result")),
        f"  ignored   two  Several (1): {code} (exit code 1)", "  ignored   two  Several: One or more items failed",
        *(f"  {host}  {line}" for host in ("one", "two") for line in ("a line", "and another")),
        *(f"  {host}  item {item}" for host in ("one", "two") for item in (7, 8)),
        f"  FAILED    two  Breaks: {code} (exit code 4)", "  two      so sad", "  two  mended",
        "  FAILED    two  Only one: It was red.", "  one  handled", "",
        "one: ok 6, changed 2, skipped 3, ignored 1", "two: ok 7, failed 1, changed 3, rescued 1, ignored 2", "",
    ]  # fmt: skip
    assert SECRET not in done.stdout + done.stderr
    assert done.returncode == 2


def test_everything_is_shown_with_v(play: Path) -> None:
    done = run(command(CONTROLLERS["oldest"], play, "-v"))
    assert "TASK [Nothing changes]" in done.stdout
    assert "PLAY RECAP" in done.stdout


def test_a_controller_shows_what_it_always_does(play: Path, tmp_path: Path) -> None:
    """AWX and ansible-runner use an output callback of their own."""
    python = CONTROLLERS["oldest"]
    for name, text in {
        "inventory/hosts": "one\n",
        "env/extravars": json.dumps({"folder": str(tmp_path), "ansible_python_interpreter": str(python)}),
        "env/envvars": json.dumps({"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}),
    }.items():
        path = tmp_path / "runner" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    argv = [str(python), "-m", "ansible_runner", "run", str(tmp_path / "runner"), "-p", str(play)]
    done = run(argv, PATH=f"{python.parent}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TASK [Nothing changes]" in done.stdout
    assert "PLAY RECAP" in done.stdout
    assert "Somebody else's play: " not in done.stdout
