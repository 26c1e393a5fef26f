"""What people type at the desk; verbs in `visits.domain` decide what it does."""
