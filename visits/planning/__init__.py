"""Scheduling of visits: plain values in, plain values out; no database, no clock, no Django.

`problem` says what is known, `search.solve` finds a plan, `reasons` explains what found no place,
`verdicts` answers questions about single moves, and `check` re-simulates a plan independently.
"""
