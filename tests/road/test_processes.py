"""`run` as a process: started, told to stop, enabled, disabled, joined."""

from __future__ import annotations


def test_run_reads_a_shop_it_has_never_read_posts_it_and_stops_when_told(make_sim, make_road):
    sim = make_sim()
    sim.fill(orders=40, customers=8)
    road = make_road(sim)
    road.enable()
    run = road.start("run")
    road.until_settled()
    assert run.stop() == 0
    road.agree()
    assert run.said("stopped") == ["Stopped; nothing is in flight."]
