"""Who may be recorded twice: plain values in, pairs with a probability and reasons out.

Nothing of Django in here. `crm.domain.duplicates` loads people and stores what is found.
"""
