"""How the images are built."""
