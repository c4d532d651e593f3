"""How the mesh is run: `deploy.local` on one machine."""
