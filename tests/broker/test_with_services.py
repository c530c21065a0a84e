"""bin/with-services where no node has to be started; `make test` itself runs under one that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bin" / "with-services"
URL = "pika://somebody:secret@broker.example.com:5672/tests"
SHOW = "import os; print(os.environ.get('CARTLEDGER_TEST_AMQP_URL'))"


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    ours = {"CI", "CARTLEDGER_TEST_AMQP_URL", "CARTLEDGER_TEST_PROMETHEUS"}
    inherited = {key: value for key, value in os.environ.items() if key not in ours}
    return subprocess.run(
        [sys.executable, SCRIPT, *words], env=inherited | environment, capture_output=True, text=True, check=False
    )


def python(code: str) -> tuple[str, ...]:
    return ("rabbitmq", "--", sys.executable, "-c", code)


@pytest.fixture
def nothing_installed(tmp_path):
    """A machine without RabbitMQ, and without apt-get to fetch it."""
    return {"PATH": str(tmp_path), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}


def test_a_url_that_is_set_is_taken_as_it_is():
    done = run(*python(SHOW), CARTLEDGER_TEST_AMQP_URL=URL)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, URL, "")


def test_the_exit_code_is_the_command_s():
    assert run(*python("raise SystemExit(7)"), CARTLEDGER_TEST_AMQP_URL=URL).returncode == 7


def test_a_command_that_a_signal_ended_is_told_as_a_shell_tells_it():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run(*python(code), CARTLEDGER_TEST_AMQP_URL=URL).returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_command_and_its_answer_is_ours(number):
    code = f"""
import signal, sys
signal.signal({number:d}, lambda *_: sys.exit(9))
print("ready", flush=True)
while True:
    signal.pause()
"""
    environment = os.environ | {"CARTLEDGER_TEST_AMQP_URL": URL}
    with subprocess.Popen(
        [sys.executable, SCRIPT, *python(code)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(120) == 9


def test_a_command_that_is_not_there():
    done = run("rabbitmq", "--", "no-such-command", CARTLEDGER_TEST_AMQP_URL=URL)
    assert done.returncode == 127
    assert "no-such-command" in done.stderr


@pytest.mark.parametrize("words", [(), ("rabbitmq",), ("rabbitmq", "--"), ("--", "true"), ("rabbit", "--", "true")])
def test_wrong_use_names_the_services(words):
    done = run(*words)
    assert done.returncode == 2
    assert "services: rabbitmq, prometheus" in done.stderr


def test_without_the_service_the_command_runs_and_is_told(nothing_installed):
    done = run(*python(SHOW + "; raise SystemExit(5)"), **nothing_installed)
    assert (done.returncode, done.stdout.strip()) == (5, "None")
    assert "Install rabbitmq-server, or set CARTLEDGER_TEST_AMQP_URL" in done.stderr
    assert "going on without rabbitmq" in done.stderr


def test_without_the_service_ci_fails(nothing_installed):
    done = run(*python(SHOW), CI="true", **nothing_installed)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no run without rabbitmq" in done.stderr


def test_prometheus_is_a_folder_with_its_programs():
    show = "import os; print(os.environ['CARTLEDGER_TEST_PROMETHEUS'])"
    done = run("prometheus", "--", sys.executable, "-c", show, CARTLEDGER_TEST_PROMETHEUS="/opt/prometheus")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "/opt/prometheus", "")


def test_what_can_be_had_is_there_where_another_service_is_missing(nothing_installed):
    done = run("prometheus", *python(SHOW), **nothing_installed, CARTLEDGER_TEST_AMQP_URL=URL)
    assert (done.returncode, done.stdout.strip()) == (0, URL)
    assert "Install prometheus, or set CARTLEDGER_TEST_PROMETHEUS" in done.stderr
    assert "going on without prometheus" in done.stderr
