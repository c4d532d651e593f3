"""What readers are told of one node."""
