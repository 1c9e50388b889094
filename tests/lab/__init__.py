"""A real lab on one machine: an engine, base images, a registry, a fleet of hosts reached over ssh, and a cluster."""
