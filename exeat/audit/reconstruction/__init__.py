"""Reconstruction of training records: what the mechanism allows, and what actual attacks reach.

``measure.measure(target, ...)`` returns the indicators; ``rero`` and ``fisher`` hold the bounds; ``inversion``,
``gradient_inversion`` and ``candidates`` the attacks; ``baseline`` what a guess without the model reaches.
"""
