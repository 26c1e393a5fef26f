"""Mail that comes in: fetched from an IMAP server, kept as it is, read in a process of its own.

`server` talks to the server, `fetching` keeps what it says, `reading` starts `child`, which takes
hostile bytes apart with `parsing`, `html_text` and `reports`; `senders` says whom to believe.
What a mail means for requests and people is decided in `visits.domain.inbox`.
"""
