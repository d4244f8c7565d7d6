# What can be done in this checkout. `./just` finds `just` and `uv`, or fetches them.

set positional-arguments

# For a machine that only runs containers, for one that runs the stack itself, for a developer's.
bare := "uv run --locked --no-default-groups"
local := "uv run --locked --no-dev"
dev := "uv run --locked"

# List the recipes.
default:
    @{{ quote(just_executable()) }} --list --unsorted

# Start everything and wait until it is healthy: auto (Compose, or local), local, or compose.
[no-exit-message]
up mode="auto":
    @chosen=$({{ bare }} python -m stack choose {{ quote(mode) }}) && \
    case $chosen in \
      local) {{ local }} python -m stack up local ;; \
      *) {{ bare }} python -m stack up compose ;; \
    esac

# Stop everything that runs.
[no-exit-message]
down:
    @{{ bare }} python -m stack down

# Show health and uptime; fails when something is not healthy.
[no-exit-message]
status:
    @{{ bare }} python -m stack status

# Show the end of the logs, of all or of one process; -f follows.
[no-exit-message]
logs *arguments:
    @{{ bare }} python -m stack logs "$@"

# Print the admin key, or the join key with `token join`.
[no-exit-message]
token name="admin":
    @{{ bare }} python -m stack token {{ quote(name) }}

# Work with keys and services: `gatehouse key create …`, `gatehouse service list`, ….
[no-cd]
[no-exit-message]
gatehouse *arguments:
    @root={{ quote(justfile_directory()) }} var=${GATEHOUSE_VAR_DIR:-var} && \
    case $var in /*) ;; *) var=$root/$var ;; esac && \
    GATEHOUSE_VAR_DIR=$var {{ bare }} --project "$root" gatehouse "$@"

# Put the code into its form.
fmt:
    {{ dev }} ruff format
    {{ dev }} ruff check --fix

# Check the form and the rules.
lint:
    {{ dev }} ruff format --check
    {{ dev }} ruff check

# Check the types.
types:
    {{ dev }} mypy

# Check who imports whom.
imports:
    {{ dev }} lint-imports

# Run the tests that take milliseconds.
quick *arguments:
    {{ dev }} pytest -m "not slow and not compose" "$@"

# Run every test that needs nothing but this machine.
test *arguments:
    {{ dev }} pytest -m "not compose" "$@"

# Run the tests of the Compose stack; they need a Docker engine.
test-compose *arguments:
    {{ dev }} pytest -m compose "$@"

# Everything that must hold before a commit, with coverage.
check: lint types imports
    {{ dev }} pytest -m "not compose" --cov --cov-report=term:skip-covered

# Measure: edge, policies or register.
bench name *arguments:
    {{ dev }} --group bench python -m bench "$@"
