"""`coldaisle simulate`: the digital twin as messages of any wire format, in a file or in Kafka."""
