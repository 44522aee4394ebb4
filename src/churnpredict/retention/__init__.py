"""What to do about it: whom to contact, what it is worth, and the page that says so."""
