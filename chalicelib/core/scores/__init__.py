"""The two scores: whether a brand keeps its plan and its message (consistency), and whether it is on time (timeliness).

Everything here is arithmetic over what was kept, so that it can be done again by hand: see docs/scores.md.
"""
