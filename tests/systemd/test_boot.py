"""The units under a real systemd: what it starts, feeds, reloads, restarts and stops is what was written."""

from __future__ import annotations

import json
import stat

CONSUMERS = [f"cartledger-consumer@{number}.service" for number in range(1, 5)]
PRODUCER = "cartledger-producer.service"
RUN = "cartledger.service"
USER = "cartledger"


def shows(shop, unit=RUN):
    """How systemd sees it."""
    names = ("ActiveState", "SubState", "Result", "ExecMainStatus", "MainPID", "NRestarts", "StatusText")
    return shop.machine.shows(unit, *names)


def owner_and_mode(shop, path):
    return shop.machine.run("stat", "--format=%U:%G %a", path).stdout.strip()


def test_it_starts_says_that_it_is_ready_posts_and_stops_with_nothing_in_flight(make_shop):
    shop = make_shop()
    shop.machine.run("systemctl", "start", RUN)
    began = shows(shop)
    assert (began["ActiveState"], began["SubState"]) == ("active", "running")
    assert began["StatusText"] == "Reads and posts: demo (disabled)."
    shop.cartledger("enable", "demo")
    shop.until(RUN, lambda: shows(shop)["StatusText"] == "Reads and posts: demo.")
    shop.until(RUN, lambda: shop.documents() == 20)
    assert all("at" in line and "action" in line for line in shop.lines(RUN)), "lines are JSON"
    shop.machine.run("systemctl", "stop", RUN)
    ended = shows(shop)
    assert (ended["ActiveState"], ended["Result"], ended["ExecMainStatus"]) == ("inactive", "success", "0")
    assert shop.said(RUN, "stopped") == ["Stopped; nothing is in flight."]
    assert shop.sim.proof()["difference"] == "0.00"


def test_its_state_and_its_secrets_are_its_own(make_shop):
    shop = make_shop()
    shop.machine.run("systemctl", "start", RUN)
    assert owner_and_mode(shop, "/var/lib/cartledger") == f"{USER}:{USER} 700"
    assert owner_and_mode(shop, "/var/lib/cartledger/cartledger.db") == f"{USER}:{USER} 600"
    secret = "secret_cartledger_connections__demo__quickbooks__client_secret"
    loaded = f"/proc/{shows(shop)['MainPID']}/root/run/credentials/{RUN}/{secret}"
    assert shop.machine.run("cat", loaded).stdout == shop.sim.company.client_secret
    for path in (f"/run/credentials/{RUN}/{secret}", "/etc/cartledger/credentials", "/var/lib/cartledger"):
        assert shop.machine.run("ls", path, user="nobody", check=False).returncode != 0
    kept_from_it = f"/proc/{shows(shop)['MainPID']}/root/etc/cartledger/credentials"
    assert stat.S_IMODE((shop.machine.root / kept_from_it.lstrip("/")).stat().st_mode) == 0, "it has the loaded ones"


def test_whoever_is_another_user_is_told_whose_commands_they_are(make_shop):
    shop = make_shop(orders=0)
    program = "/opt/cartledger/bin/cartledger"
    refused = shop.machine.run(program, "status", user="nobody", check=False)
    assert (refused.returncode, refused.stderr) == (
        2,
        "/etc/cartledger/cartledger.toml: the file cannot be read (Permission denied). Give the command as the user "
        "whom it belongs to: the one that cartledger runs as (sudo -u cartledger …).\n",
    )
    assert shop.machine.run(program, "status", "--help", user="nobody").stdout.startswith("Usage: ")


def test_one_that_is_stuck_is_killed_says_where_it_was_and_goes_on(make_shop):
    shop = make_shop(orders=0)
    shop.machine.drop_in(RUN, "[Service]\nWatchdogSec=4\n", "watchdog.conf")
    shop.machine.run("systemctl", "start", RUN)
    pid = shows(shop)["MainPID"]
    shop.machine.run("kill", "-STOP", pid)
    shop.until(RUN, lambda: int(shows(shop)["NRestarts"]) >= 1 and shows(shop)["SubState"] == "running")
    assert shows(shop)["MainPID"] not in {pid, "0"}
    assert "Fatal Python error: Aborted" in shop.machine.log(RUN)
    assert "daemon/running/service.py" in shop.machine.log(RUN)
    shop.machine.run("rm", f"/etc/systemd/system/{RUN}.d/watchdog.conf")
    shop.machine.run("systemctl", "daemon-reload")


def test_one_that_is_killed_is_started_again_however_often(make_shop):
    shop = make_shop(orders=0)
    shop.machine.run("systemctl", "start", RUN)
    for times in range(1, 8):  # systemd's own limit is five within ten seconds
        shop.until(RUN, lambda: shows(shop)["SubState"] == "running")
        shop.machine.run("kill", "-KILL", shows(shop)["MainPID"])
        shop.until(RUN, lambda times=times: int(shows(shop)["NRestarts"]) == times)
    shop.until(RUN, lambda: shows(shop)["SubState"] == "running")


def test_wrong_settings_at_the_start_wait_for_a_person(make_shop):
    shop = make_shop(orders=0)
    shop.edit('post_as = "sales_receipt"', 'post_as = "reciept"')
    assert shop.machine.run("systemctl", "start", RUN, check=False).returncode == 1
    failed = shows(shop)
    assert (failed["ActiveState"], failed["ExecMainStatus"], failed["NRestarts"]) == ("failed", "2", "0")
    assert "post_as" in shop.machine.log(RUN)


def test_a_reload_takes_over_right_settings_and_refuses_wrong_ones(make_shop):
    shop = make_shop()
    shop.machine.run("systemctl", "start", RUN)
    pid = shows(shop)["MainPID"]
    shop.edit('post_as = "sales_receipt"', 'post_as = "invoice"')
    shop.machine.run("systemctl", "reload", RUN)
    shop.until(RUN, lambda: shop.said(RUN, "reloaded"))
    shop.edit('post_as = "invoice"', 'post_as = "reciept"')
    shop.machine.run("systemctl", "reload", RUN)
    shop.until(RUN, lambda: shows(shop)["StatusText"].endswith("those from before are in force."))
    [said] = shop.said(RUN, "reload_refused")
    assert "post_as" in said
    shop.edit('post_as = "reciept"', 'post_as = "invoice"')
    shop.cartledger("enable", "demo")
    shop.until(RUN, lambda: shop.documents() == 20)
    assert len(shop.sim.company.objects("Invoice")) == 20
    assert (shows(shop)["MainPID"], shows(shop)["NRestarts"]) == (pid, "0")


def moment(shop, unit, action):
    """systemd forgets when a unit that nobody refers to was ended; its log does not."""
    return max(line["at"] for line in shop.lines(unit) if line.get("action") == action)


def test_a_producer_and_four_consumers_start_post_and_stop_in_order(make_shop, rabbitmq_url):
    shop = make_shop(orders=400, broker=rabbitmq_url)
    shop.machine.run("systemctl", "enable", PRODUCER, *CONSUMERS)
    shop.machine.run("systemctl", "start", "cartledger.target")
    for unit in (PRODUCER, *CONSUMERS):
        shop.until(PRODUCER, lambda unit=unit: shows(shop, unit)["SubState"] == "running")
    assert shows(shop, CONSUMERS[0])["StatusText"] == "Posts: demo (disabled)."
    shop.cartledger("enable", "demo")
    shop.until(PRODUCER, lambda: shop.documents() >= 100)
    shop.machine.run("systemctl", "stop", "cartledger.target")
    for unit in (PRODUCER, *CONSUMERS):
        shop.until(unit, lambda unit=unit: shows(shop, unit)["ActiveState"] == "inactive")
        assert (shows(shop, unit)["Result"], shows(shop, unit)["ExecMainStatus"]) == ("success", "0")
        assert shop.said(unit, "stopped") == ["Stopped; nothing is in flight."]
    assert moment(shop, PRODUCER, "stopping") >= max(moment(shop, unit, "stopped") for unit in CONSUMERS)
    shop.machine.run("systemctl", "start", "cartledger.target")
    shop.until(PRODUCER, lambda: shop.documents() == 400)
    proof = shop.sim.proof()
    assert (proof["duplicates"], proof["difference"]) == (0, "0.00")


def test_the_timer_s_backup_is_of_today_and_nobody_else_can_read_it(make_shop):
    shop = make_shop()
    shop.machine.run("systemctl", "start", RUN)
    shop.until(RUN, lambda: shop.said(RUN, "read"))
    shop.machine.run("systemctl", "start", "cartledger-backup.service")
    day = shop.machine.run("date", "+%a").stdout.strip()
    path = f"/var/backups/cartledger/{day}.db"
    assert owner_and_mode(shop, path) == f"{USER}:{USER} 600"
    shop.machine.run("systemctl", "stop", RUN)
    shop.cartledger("restore", path)
    shown = json.loads(shop.cartledger("status", "--json").stdout)
    assert shown
