"""Makes ``openapi.json``, what the service says of itself to programs (OpenAPI 3.1), at development time.

::

    python -m powerplant.api.openapi

The schemas come from the models, the problems from their table, and every example is an answer of the service itself.
Nothing of this package is imported when the service runs: it sends the file. From the outside in::

    document      the whole of it, and the file
    plans         the addresses that take payloads
    addresses     the others
    responses     what comes back, problems above all
    examples      what is asked, and what the service answers
    bodies        the forms of problems, and of small answers
    schemas       the forms as the document has them

A new address is a path in ``plans`` or ``addresses``; what shows it is a question in ``examples``.
"""
