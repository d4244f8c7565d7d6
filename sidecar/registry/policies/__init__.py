"""How a service is protected and kept alive: typed, with Traefik's own names."""
