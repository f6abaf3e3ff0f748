"""What posts are made of: words, people, media, ids and the bytes of rendered blocks."""
