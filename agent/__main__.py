"""`python -m agent`, the same as `coldaisle`."""

from agent.cli import main

if __name__ == "__main__":
    main()
