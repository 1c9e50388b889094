# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether MongoDB answers."""

from __future__ import annotations

from ...databases._mongo import mongo
from ...running._scene import Scene
from ._connecting import PEER, connecting, port, without_peer
from ._kind import Attempt, Kind, Options


def _attempt(options: Options, scene: Scene) -> Attempt:
    return connecting(options, scene, mongo)


KIND = Kind(
    name="mongo",
    about="C(ping) is answered.",
    options={**PEER, "port": port(27017)},
    attempt=_attempt,
    problems=without_peer,
)
