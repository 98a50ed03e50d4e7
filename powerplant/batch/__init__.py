"""Many payloads, one a line: newline-delimited JSON in, newline-delimited JSON out, in the same order.

::

    bytes ── reading, or documents ── chunks of lines ── running ── answers in order ── a client or a file
                                                          │  ▲
                                                          ▼  │
                                         planner, in processes (workers) or on a cluster

``planner.plan_chunk`` is a function of its arguments alone, so it can run in any process, and again after a failure.
``documents`` finds what an input is, and reads JSON that spans lines; ``spreadsheet`` reads a table of hours, and
``plants`` one of power plants. ``fleets`` decodes a line, and a fleet that lines share once; ``tally`` counts;
``resuming`` writes a file of answers that an interrupted run can be resumed from.
"""
