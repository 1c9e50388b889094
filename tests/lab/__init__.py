"""A real lab on one machine: an engine, base images, a registry, and a fleet of hosts reached over ssh."""
