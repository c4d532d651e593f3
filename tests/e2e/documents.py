"""Reports as a person writes them."""

from typing import Any


def two_processes(host: str, label: str = "") -> dict[str, Any]:
    """A host with a web server and its database, which talk; the web server also talks to the outside."""
    web, database = f"{host};100", f"{host};200"
    return {
        "nodes": [
            {
                "topology": "host",
                "id": f"{host};<host>",
                "label": label or host,
                "attributes": {"host_name": host, "local_networks": ["10.9.0.0/24", "127.0.0.0/8"]},
            },
            _process(web, host, "nginx"),
            _process(database, host, "postgres"),
        ],
        "connections": [
            {"owner": web, "local": "127.0.0.1:40000", "remote": "127.0.0.1:5432"},
            {"owner": database, "local": "127.0.0.1:5432", "remote": "127.0.0.1:40000", "incoming": True},
            {"owner": web, "local": "10.9.0.1:40001", "remote": "93.184.216.34:443"},
        ],
    }


def _process(name: str, host: str, label: str) -> dict[str, Any]:
    return {
        "topology": "process",
        "id": name,
        "label": label,
        "parents": [f"{host};<host>"],
        "attributes": {"pid": int(name.rpartition(";")[2]), "name": label},
    }
