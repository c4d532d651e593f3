"""What transcoding cannot carry: WebSockets, bridged to the same contracts."""
