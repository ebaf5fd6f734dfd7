"""How much the connector costs, beside the least that the same work can cost in one Python process.

Not a test: nothing here passes or fails by the clock. It fails only when a lead is lost, sent twice or changed. What is
measured and what came out: docs/performance.md.
"""
