"""Many payloads, a line each: newline-delimited JSON in, newline-delimited JSON out, in the same order.

The way of the data, the same over HTTP, on the command line and on a cluster::

    bytes ── reading ── chunks of lines ── conveyor ── answers in order ── a client or a file
    (CSV: spreadsheet)                        │  ▲
                                              ▼  │
                                           planner, where there is room: in processes of this machine (pool)
                                           or on a cluster

``planner`` is the whole of the work, and a function of its arguments alone: that is why it can run anywhere, again
after a failure, and give the same bytes. ``fleets`` reads what a line asks for, and the fleet that lines share once;
``tally`` counts; ``results`` writes the file of answers, and ``resuming`` goes on with what an interrupted run has
left. ``running`` ties these together for a file; over HTTP ``powerplant.api.batch`` does.
"""
