"""Faults on demand, by call number, never by time: pure ASGI middleware around a whole app.

faults = Faults(cap=2.0)
faults.add(side="quickbooks", call="batch", kind="drop_after", nth=3)      # or every=5, or first=2
app = FaultInjector(app, faults, name=lambda method, path: ("quickbooks", "batch"))   # None: not a call that can fail
faults.release()          # from another thread than the server's: lets go of "hang", runs what is late
await faults.let_go()     # the same, from a coroutine of the server's own loop
faults.clear()            # forgets all rules, then lets go of what hangs; call it before stopping the server
"""
