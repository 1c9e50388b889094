"""What the application is told by its surroundings."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = (ROOT / "VERSION").read_text().strip()

PORT = 8000
DASHBOARD_PORT = 3000
URL = os.environ.get("STUDIO_URL", f"http://127.0.0.1:{PORT}")

SECRET_KEY = os.environ.get("SECRET_KEY", "")
REDIS_HOST = os.environ.get("REDIS_HOST", "127.0.0.1")
POSTGRES = {
    "host": os.environ.get("POSTGRES_HOST", "127.0.0.1"),
    "user": os.environ.get("POSTGRES_USER", "doppelganger_user"),
    "password": os.environ.get("POSTGRES_PASSWORD", ""),
    "dbname": os.environ.get("POSTGRES_DB", "doppelganger"),
}
