"""What X's API is, as facts: endpoints, fields, both namings, problems, HTTP messages."""
