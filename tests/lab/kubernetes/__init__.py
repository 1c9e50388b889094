"""A real cluster of one node on this machine, or the one that KUBECONFIG names."""
