"""The twelve numbers; `visits.domain.reporting` is their front door."""
