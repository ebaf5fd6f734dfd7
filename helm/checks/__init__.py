"""What checks the chart (`make chart`). Templates by themselves: `helm/lead-connector/tests/`, with helm-unittest."""
