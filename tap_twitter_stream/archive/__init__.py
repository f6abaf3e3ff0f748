"""Read what was captured before: files of an archive take the event log's place."""
