"""What can go wrong with the broker, in our words. Errors of kombu, pika, py-amqp and sockets end here."""

from __future__ import annotations

import re
from typing import Any

import kombu.exceptions
from pika import exceptions

from cartledger.errors import BrokerDown, BrokerMisdeclared, CartledgerError, WrongUse

# What a call to the broker may raise. memory:// answers with the two that kombu takes from py-amqp.
LINK_ERRORS = (
    exceptions.AMQPError,
    kombu.exceptions.ConnectionError,
    kombu.exceptions.ChannelError,
    kombu.exceptions.KombuError,
    OSError,
)

_ACCESS_REFUSED = 403
_NOT_FOUND = 404
_PRECONDITION_FAILED = 406
_NO_SUCH_VHOST = 530

# RabbitMQ: inequivalent arg 'x-overflow' for queue 'shop.sales.v1' in vhost '/': received 'reject-publish' but current
# is 'drop-head'. Sometimes "received the value '50' of type 'signedint' but current is none".
_INEQUIVALENT = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' for queue '(?P<queue>[^']+)'.*?"
    r"received (?:the value )?(?P<ours>'[^']*'|none).*? but current is (?:the value )?(?P<theirs>'[^']*'|none)"
)


class BrokerUrlWrong(WrongUse):
    """The broker's URL cannot be read, or RabbitMQ refuses its user, password or virtual host."""


class QueueFull(BrokerDown):
    """RabbitMQ refused messages, as it does when a queue is at its limit. None, some or all others were taken."""


class QueueMissing(BrokerDown):
    """There is no such queue: never declared, or deleted meanwhile. The next link declares it again."""


def in_our_words(error: BaseException, broker: str, *, in_doubt: bool) -> CartledgerError:
    """The error of ours for one of LINK_ERRORS; `broker` is its URL without the password."""
    code = getattr(error, "reply_code", None)
    if code == _PRECONDITION_FAILED and (found := _INEQUIVALENT.search(error.reply_text)):  # type: ignore[attr-defined]
        return _misdeclared(**found.groupdict())
    if code in {_ACCESS_REFUSED, _NO_SUCH_VHOST} or isinstance(
        error, exceptions.ProbableAuthenticationError | exceptions.ProbableAccessDeniedError
    ):
        return BrokerUrlWrong(
            f"RabbitMQ at {broker} refuses the user, the password or the virtual host.",
            fix="Set a URL that it accepts: pika://user:password@host:5672/vhost, with special characters %-encoded.",
        )
    if isinstance(error, exceptions.UnroutableError) or code == _NOT_FOUND:
        return QueueMissing(f"A queue is missing at {broker}: {_plain(error)}.")
    if isinstance(error, exceptions.NackError):
        return QueueFull(f"The broker at {broker} refused messages: a queue is full.", in_doubt=in_doubt)
    if isinstance(error, exceptions.ConnectionBlockedTimeout):
        return BrokerDown(f"RabbitMQ at {broker} takes no messages: it is short of memory or disk.", in_doubt=in_doubt)
    return BrokerDown(f"The link to the broker at {broker} is down: {_plain(error)}.", in_doubt=in_doubt)


def _misdeclared(argument: str, queue: str, ours: str, theirs: str) -> BrokerMisdeclared:
    return BrokerMisdeclared(
        f"Queue {queue} stands on RabbitMQ with other arguments: {argument} is {theirs} there and {ours} here.",
        fix=f"Delete the queue (rabbitmqctl delete_queue {queue}): what it holds is handed over again from the ledger. "
        "Or run the version of cartledger that made it.",
    )


def _root(error: Any) -> BaseException:
    """pika wraps what the socket said: AMQPConnectionError(AMQPConnectorSocketConnectError(ConnectionRefusedError))."""
    while True:
        inner = getattr(error, "exception", None) or next(iter(error.args), None)
        if not isinstance(inner, BaseException):
            return error  # type: ignore[no-any-return] # only BaseExceptions come this way
        error = inner


def _plain(error: BaseException) -> str:
    root = _root(error)
    if isinstance(root, OSError) and root.strerror:
        return root.strerror
    if len(root.args) > 1:  # (reply code, reply text)
        return " ".join(str(part) for part in root.args)
    return str(root) or type(root).__name__
