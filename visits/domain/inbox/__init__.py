"""What an incoming mail means for people and requests: weighed, filed, taken back.

`knowledge` asks the database what we know about a mail, `weighing` decides with plain values,
`filing` writes, `rounds` is the worker's part and `reviewing` the person's.
"""
