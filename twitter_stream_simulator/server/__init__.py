"""The HTTP server: read a request, check it, answer it or open a stream."""
