"""`python -m triglot` is the command line."""

from triglot.cli.main import main

if __name__ == "__main__":
    main()
