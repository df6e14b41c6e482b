"""Detectors and the digital twin: arrays in, arrays out; no Kafka, no InfluxDB, no clock."""
