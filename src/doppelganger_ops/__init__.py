"""Executable runbooks, embedded: the Python package of the collection ``doppelganger.ops``."""

from __future__ import annotations

__version__ = "0.1.0"
