"""The container reporters: whichever engines run here, asked through their own sockets."""
