"""Programs for developers; the service does not use them."""
