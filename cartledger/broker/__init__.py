"""Handing keys over: a few typed functions (`queues.Broker`) on kombu, whose URL picks the transport.

`pika://…` is RabbitMQ through the transport beside this; `memory://` is kombu's own, for one process.
"""

from kombu.transport import TRANSPORT_ALIASES

# kombu refuses `package.module:Transport://` as a URL since 5.7; an alias is its way to name a transport.
TRANSPORT_ALIASES["pika"] = "cartledger.broker.pika_transport:Transport"
