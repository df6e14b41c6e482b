"""What the metrics of each Prometheus exporter mean, a module a family of exporters.

A module offers `meaning_of(metric, labels)` and says in PREFIXES how its exporters' metrics begin. To add an
exporter: a table of its metrics in the module of its family, or in one of its own and a row of it in
`prometheus.EXPORTERS`. What no table names is read by the unit in its name (`generic`).
"""
