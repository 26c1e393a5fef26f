"""Turns the files of `fixtures/sample/` into rows, each function one part, in this order:
people, campaign, requests, visits, plans, letters. All rows carry `is_sample`.
"""
