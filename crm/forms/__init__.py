"""Forms of the crm app; they check what was typed and leave the doing to `crm.domain`."""
