"""A long-running process from its start to its end.

It is one life after the other, each with a program and a crew of its own on the settings as they were when it began. A
reload ends a life as a stop would, when what is in flight is finished, and the next one goes on from the ledger.
"""

from __future__ import annotations

import faulthandler
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Literal

from prometheus_client import CollectorRegistry

from cartledger import logs
from cartledger.errors import SettingsWrong, WrongUse
from cartledger.metrics import RELOADED, Metrics
from cartledger.settings import Settings
from daemon.app import App
from daemon.context import Context
from daemon.pulse import Pulse
from daemon.running import notify
from daemon.running.chores import chores, mail_chores, signs_of_being
from daemon.running.signals import Signals, Told
from daemon.running.supervisor import LISTEN_EVERY, Consuming, Crew, Producing
from daemon.running.upkeep import Upkeep
from daemon.watching.outside import telling_of_ledger_trouble
from daemon.web.health import describe, pages
from daemon.web.server import serving

NEED_A_RESTART = ("ledger", "broker", "metrics")
"""Sections of the settings that a process keeps for as long as it runs: what others rely on, and what it has opened."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """What a process is for. `instance` tells several of one kind on one machine apart; `threads` is how many batches
    it works on at a time, 0 for none."""

    name: Literal["run", "produce", "consume"]
    threads: int = 0
    instance: int | None = None

    @property
    def reads(self) -> bool:
        return self.name != "consume"

    @property
    def does(self) -> str:
        """For a sentence."""
        return {"run": "Reads and posts", "produce": "Reads", "consume": "Posts"}[self.name]


class Service:
    """One process. `app` is the program of the present life; metrics and pulse are the same in all of them."""

    app: App

    def __init__(self, context: Context, role: Role) -> None:
        """Raises SettingsWrong, WrongUse, LedgerRefused."""
        self.role = role
        self.metrics = Metrics(CollectorRegistry())
        self.pulse = Pulse()
        self._context = context
        self._watch = notify.Watch(self.pulse)
        self._status_told = ""
        settings = context.settings()
        if role.name != "run" and settings.broker.url.startswith("memory:"):
            raise WrongUse(
                "memory:// hands over within one process only.",
                fix="Set broker.url to a pika:// URL of RabbitMQ, or use `cartledger run`.",
            )
        with telling_of_ledger_trouble(settings):
            self.app = self._program(settings)
        self.metrics.set(RELOADED, 1)

    def run(self) -> None:
        """SIGTERM and SIGINT: take no more, finish what is in flight, return. SIGHUP: read the settings anew."""
        faulthandler.enable()  # systemd's watchdog sends SIGABRT: the log then says what each thread was at
        signals = Signals()
        try:
            with self._web(), telling_of_ledger_trouble(self.app.settings):
                self._live_on(signals)
        finally:
            self.app.close()
        logs.info("Stopped; nothing is in flight.", action="stopped")

    def _web(self) -> AbstractContextManager[None]:
        """Nothing listens without a port, nor for a consumer that has no number."""
        settings, number = self.app.settings.metrics, 0 if self.role.reads else self.role.instance
        if settings.port is None or number is None:
            return nullcontext()
        describe(self.metrics, lambda: self.app, role=self.role.name, number=self.role.instance)
        return serving(settings.host, settings.port + number, pages(lambda: self.app, self.pulse))

    def _live_on(self, signals: Signals) -> None:
        following = self._live(signals, self._say_started)
        while following is not None:
            ended, self.app = self.app, self._program(following)
            ended.close()
            following = self._live(signals, self._say_reloaded)

    def _program(self, settings: Settings) -> App:
        return self._context.build(settings, metrics=self.metrics, pulse=self.pulse)

    def _live(self, signals: Signals, say_begun: Callable[[], None]) -> Settings | None:
        """One life. Returns the settings for the next one, None when there shall be none."""
        crew = Crew(pulse=self.pulse)
        self.app.begin()
        self.app.ledger.process_started(self.app.owner, self.role.name, self.role.instance or 0)
        try:
            self._start(crew)
            say_begun()
            following = self._until_told(signals, crew)
        finally:
            crew.stop()
            crew.wait(self._watch.look)
        self.app.ledger.process_ended(self.app.owner)
        return None if signals.stopping else following

    def _start(self, crew: Crew) -> None:
        app, names = self.app, list(self.app.lines)
        if self.role.reads:
            producing = Producing(app, names, crew)
            crew.start("hand-over", producing.hand_over)
            for name in names:
                crew.start(f"read-{name}", partial(producing.read_for_ever, name))
            crew.start("upkeep", partial(Upkeep(chores(app, names), app.clock).run, crew.quiet, crew.beat))
            crew.start("mails", partial(Upkeep(mail_chores(app), app.clock).run, crew.quiet, crew.beat))
            for name in (name for name in names if app.lines[name].connection.keeps_stock):
                crew.start(f"stock-{name}", partial(producing.read_stock_for_ever, name))
        else:
            crew.start("upkeep", partial(Upkeep(signs_of_being(app), app.clock).run, crew.quiet, crew.beat))
        if self.role.threads:
            crew.start("work", Consuming(app, names, crew, threads=self.role.threads).work)

    def _until_told(self, signals: Signals, crew: Crew) -> Settings | None:
        """Until a signal ends this life, or one of the crew has failed."""
        while not crew.quiet.is_set():
            told = signals.wait(LISTEN_EVERY)
            self._watch.look()
            self._say_status()
            if told is Told.STOP:
                notify.stopping()
                logs.info("Stopping: nothing more is taken, what is in flight is finished.", action="stopping")
                break
            if told is Told.RELOAD:
                notify.reloading()
                if (following := self._reread()) is not None:
                    return following
                self._say_ready()
        return None

    def _reread(self) -> Settings | None:
        """The settings to go on with; None where they are wrong or as they were."""
        old = self.app.settings
        try:
            new = self._context.settings()
        except SettingsWrong as error:
            self.app.settings_wrong = str(error)
            self.metrics.set(RELOADED, 0)
            text = f"The settings are wrong; those from before stay in force until they are mended: {error}"
            logs.warning(text, action="reload_refused", count=len(error.problems))
            return None
        self.app.settings_wrong = ""
        self.metrics.set(RELOADED, 1)
        for section in NEED_A_RESTART:
            if getattr(new, section) != getattr(old, section):
                logs.warning(f"[{section}] has changed, which takes effect after a restart.", action="needs_restart")
        new = new.model_copy(update={section: getattr(old, section) for section in NEED_A_RESTART})
        if new.model_dump() == old.model_dump():  # each reading is of a class of its own
            logs.info("The settings were read anew; nothing to take over has changed.", action="reloaded")
            return None
        logs.info("The settings have changed: what is in flight is finished with the earlier ones.", action="reloading")
        return new

    def _say_started(self) -> None:
        for name in self.app.lines:
            hint = (
                ""
                if self._posts(name)
                else f"; it reads and decides, and posts nothing until `cartledger enable {name}`"
            )
            logs.info(f"Started{hint}.", action="started", connection=name)
        self._say_ready()

    def _say_reloaded(self) -> None:
        self._say_ready()
        logs.info("The new settings are in force.", action="reloaded")

    def _say_ready(self) -> None:
        self._status_told = self._status()
        notify.ready(self._status_told)

    def _say_status(self) -> None:
        """Again where somebody has enabled or disabled a connection meanwhile."""
        if (status := self._status()) != self._status_told and notify.notify(f"STATUS={status}"):
            self._status_told = status

    def _status(self) -> str:
        names = (name if self._posts(name) else f"{name} (disabled)" for name in self.app.lines)
        kept = "; the settings file is wrong, those from before are in force" if self.app.settings_wrong else ""
        return f"{self.role.does}: {', '.join(names)}{kept}."

    def _posts(self, name: str) -> bool:
        return self.app.ledger.is_enabled(self.app.lines[name].connection.pair)
