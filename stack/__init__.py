"""How Gatehouse's processes start, are watched and stop: `python -m stack up|down|status|logs`."""
