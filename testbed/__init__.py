"""Kafka and a schema registry for tests, the demo and the benchmarks, on any Linux or macOS machine that has Python.

`testbed.provision` chooses where they come from (what is already running, Docker, or jars run by a JDK that pip
installs); `testbed.kafka` and `testbed.registry` are the jar variants with everything a fault test needs: stop, kill,
freeze, start again.
"""
