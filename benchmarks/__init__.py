"""Measurements: the planner on published files, and pages and queries against floors."""
