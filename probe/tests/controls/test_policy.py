import pytest

from probe.tests.controls.line import call
from scope_probe.controls import Active
from scope_probe.controls.host import HostControls, Way
from scope_probe.controls.policy import Policy
from scope_sdk.controls import ControlError, Controls
from scope_sdk.report.standard import STANDARD

ALL = {control.id for templates in STANDARD.values() for control in templates.controls}
READING = {"docker_logs_container", "kubernetes_get_logs", "kubernetes_describe"}


def allowed(policy: Policy) -> set[str]:
    return {control for control in ALL if policy.allows(control)}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), ALL - {"process_signal"}),
        (Policy(process_signals=True), ALL),
        (Policy(read_only=True), READING),
        (Policy(read_only=True, process_signals=True), READING),
        (Policy(patterns=["host_exec"]), {"host_exec"}),
        (Policy(patterns=["host_exec", "*_logs*"]), {"host_exec", "docker_logs_container", "kubernetes_get_logs"}),
        (Policy(patterns=["process_*"]), set[str]()),
        (Policy(patterns=["*"], read_only=True), READING),
        (Policy(patterns=["HOST_EXEC"]), set[str]()),
        (Policy(patterns=["nothing"]), set[str]()),
    ],
)
def test_what_is_allowed(policy: Policy, expected: set[str]) -> None:
    assert allowed(policy) == expected


@pytest.mark.parametrize("policy", [Policy(read_only=True), Policy(patterns=["docker_*"])])
async def test_what_is_not_allowed_is_neither_offered_nor_done(policy: Policy) -> None:
    controls = Controls()
    HostControls("engine-1", Way()).register(controls)
    assert Active(controls).of_host() == ["host_exec"]
    controls.restrict(policy.allows)
    assert not Active(controls).of_host()
    assert not controls.offers()
    with pytest.raises(ControlError, match="does not allow host_exec"):
        await call(controls, "host_exec", "engine-1;<host>")
