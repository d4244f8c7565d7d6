"""One description of everything that registers, and the page that shows it."""
