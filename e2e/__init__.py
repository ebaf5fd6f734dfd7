"""The chart and the connector on a running cluster: `make e2e`. docs/kubernetes-results.md is written by it."""
