"""What administrators of the deployment do with people and organizations, over the API or the command line."""
