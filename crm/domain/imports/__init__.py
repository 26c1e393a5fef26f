"""Lists of people brought in from a file, and taken out again.

`child` reads a file in a process of its own and knows nothing of Django; `reading` starts it and
says what was found; `headings` and `values` turn columns and cells into what a person has;
`matching` finds whom a row is about; `applying` writes a whole file in one transaction and
`undoing` takes it back; `batches` keeps the state of each file between upload and undo.
"""
