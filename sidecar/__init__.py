"""The control plane: what is registered, and what Traefik is told of it."""
