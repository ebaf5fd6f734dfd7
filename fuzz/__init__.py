"""Coverage-guided fuzzing (``make fuzz``): see ``docs/fuzzing.md``.

A target is a module of ``fuzz.targets`` with a function ``one(data)``: it gives the bytes to the connector, lets the
documented outcomes and errors through, and raises on anything else. The same functions are property tests in
``tests/property/fuzz``, so that ``make test`` has them too.
"""
