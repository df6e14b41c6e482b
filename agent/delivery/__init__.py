"""Between Kafka and the pipeline: what is read, what is remembered, what is committed.

source       partitions come and go, messages, offsets
state_topic  records of hosts and of the site, read back at an assignment
checkpoints  which hosts need a new record, and how far back a restart must read
outbox       one transaction: records, alerts, dead letters and offsets
"""
