import pytest

from scope.report.v1.topology_pb2 import Topology
from scope_sdk import Builder
from scope_sdk.report import standard

NEEDED = {
    "host.exec": {"host_exec", "process_signal"},
    "container.attach.out": {"docker_attach_container"},
    "container.exec": {"docker_exec_container"},
    "container.restart": {"docker_start_container", "docker_restart_container"},
    "container.pause": {"docker_pause_container", "docker_unpause_container"},
    "container.stop": {"docker_stop_container", "docker_remove_container"},
    "pod.logs.view": {"docker_logs_container", "kubernetes_get_logs", "kubernetes_describe"},
    "pod.delete": {"kubernetes_delete_pod"},
    "replicas.update": {
        "kubernetes_scale_up",
        "kubernetes_scale_down",
        "kubernetes_cordon_node",
        "kubernetes_uncordon_node",
    },
}
CONTROLS = {control.id: control for kind in standard.STANDARD.values() for control in kind.controls}


def test_each_standard_control_needs_what_it_does() -> None:
    assert {control: permission for permission, controls in NEEDED.items() for control in controls} == {
        control: standard.control_permission(control) for control in CONTROLS
    }
    assert standard.control_permission("defragment") is None


@pytest.mark.parametrize("declared", ["", "report.view", "host.exec", "nobody.has.this"])
def test_a_standard_control_needs_the_same_whatever_a_probe_says(declared: str) -> None:
    for control, template in CONTROLS.items():
        assert standard.needed_permission(control, declared) == template.permission


def test_another_control_needs_what_its_probe_says_where_somebody_can_have_it() -> None:
    assert standard.needed_permission("defragment", "container.stop") == "container.stop"
    assert standard.needed_permission("defragment", "") == "host.exec"
    assert standard.needed_permission("defragment", "nobody.has.this") == "host.exec"


def test_what_cannot_be_undone_is_asked_about() -> None:
    asked = {control.id for control in CONTROLS.values() if control.confirmation}
    assert asked == {"docker_remove_container", "kubernetes_delete_pod", "process_signal"}


def test_a_control_is_the_same_on_every_kind_of_node() -> None:
    for kind in standard.STANDARD.values():
        assert all(CONTROLS[control.id] == control for control in kind.controls)


def test_a_signal_is_one_of_those_offered() -> None:
    (signal,) = CONTROLS["process_signal"].arguments
    assert signal.name == "signal"
    assert signal.default_value == "TERM"
    assert list(signal.choices) == ["TERM", "KILL", "HUP", "INT", "QUIT", "USR1", "USR2", "STOP", "CONT"]


def test_controls_are_shown_in_the_order_of_what_they_do() -> None:
    ranks = sorted((control.rank, control.id) for control in standard.CONTAINER.controls)
    assert [control for _, control in ranks] == [
        "docker_logs_container",
        "docker_attach_container",
        "docker_exec_container",
        "docker_start_container",
        "docker_restart_container",
        "docker_pause_container",
        "docker_unpause_container",
        "docker_stop_container",
        "docker_remove_container",
    ]
    builder = Builder()
    for kind in standard.STANDARD.values():
        builder.template(kind)
    assert builder.templates[Topology.TOPOLOGY_CONTAINER].controls
