"""The application: ``python -m src``."""

from src import api

api.main()
