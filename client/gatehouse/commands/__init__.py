"""The commands of `gatehouse`: one module for each subject."""
