"""Machines."""

from query.topologies.bases import HOSTS
from query.topologies.definition import Definition
from scope_sdk.report.ids import HOST

TOPOLOGY = Definition(id="hosts", name="Hosts", rank=4, base=HOSTS, kinds=(HOST,))
