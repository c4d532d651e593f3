"""Runs the users service."""

from mesh.serve import run
from users.build import users_service
from users.identity import Keys
from users.settings import UsersSettings

if __name__ == "__main__":
    settings = UsersSettings.read()
    keys = Keys.read(settings.identity_key_file)
    run("users", settings, users_service(settings, keys), keys)
