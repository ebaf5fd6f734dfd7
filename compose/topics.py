"""Makes the topics of the trial, as docs/topics.md wants them: `python topics.py BOOTSTRAP`."""

import sys

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

TOPICS = [
    NewTopic("leads", num_partitions=6),
    NewTopic("leads.dead", num_partitions=1, config={"retention.ms": "-1"}),
    NewTopic("leads.receipts", num_partitions=6, config={"cleanup.policy": "compact,delete"}),
]

admin = AdminClient({"bootstrap.servers": sys.argv[1]})
for name, made in admin.create_topics(TOPICS, operation_timeout=30).items():
    try:
        made.result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
    sys.stdout.write(f"{name}: there\n")
