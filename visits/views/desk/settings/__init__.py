"""Settings: who may do what, who can visit when, what is offered, and what happened."""
