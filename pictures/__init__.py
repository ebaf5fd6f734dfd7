"""The README's animated terminal, from a run that is really recorded: ``make demo-picture``."""
