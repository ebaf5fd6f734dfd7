"""Made-up leads: for each route one that conforms to the reader schema and that the route takes, if one is found.

Nothing of a real person is in them: numbers are the examples of the numbering plans, addresses are of example.com
(RFC 2606), names say that they are samples.
"""

from connector.samples.search import RouteSample, Samples

__all__ = ["RouteSample", "Samples"]
