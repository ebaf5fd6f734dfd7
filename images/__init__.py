"""What is made from the images beside themselves. Their recipes: `Dockerfile`, `testbed/images/`."""
