"""From the registry to Traefik's configuration, confirmed."""
