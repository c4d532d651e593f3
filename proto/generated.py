"""All that is generated and committed: `gen` writes it, `check` fails where it is not what the sources give."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATORS = (
    ["proto/generate.py"],
    ["proto/describe.py"],
    ["proto/typescript.py"],
    ["-m", "authfe.edge"],
    ["-m", "docs.tables"],
    ["probe/generate.py"],
)
FOLDERS = ("gen", "envoy", "docs", "probe/src/scope_probe/containers")
NOT_OURS = {"__pycache__", "node_modules"}


def generate() -> None:
    """Runs every generator; ends the program where one fails."""
    for arguments in GENERATORS:
        if subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
            sys.exit(f"{' '.join(arguments)} failed: see above")


def check() -> None:
    """Generates again and names what has changed by it."""
    before = _digests()
    generate()
    after = _digests()
    changed = sorted(str(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if changed:
        sys.exit("generated files were not up to date; they are now, commit them:\n  " + "\n  ".join(changed))


def _digests() -> dict[Path, str]:
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    kept = (path for path in files if not NOT_OURS & set(path.parts) and not path.parent.name.endswith(".egg-info"))
    return {path.relative_to(ROOT): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


if __name__ == "__main__":
    {"gen": generate, "check": check}[sys.argv[1]]()
