"""The house broken on purpose, a line at a time: ``python -m tests.mutants`` says which breaks no test notices."""
