"""What may be lost, in Redis."""

import redis

from src import settings

_REDIS = redis.Redis(settings.REDIS_HOST, socket_timeout=2, socket_connect_timeout=2)


def ping() -> None:
    _REDIS.ping()


def count_visit() -> int | None:
    """The number of this visit, None where nobody counts."""
    try:
        return int(_REDIS.incr("visits"))
    except redis.RedisError:
        return None
