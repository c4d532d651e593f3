"""A node's measurements."""

from collections.abc import Iterable, Iterator
from itertools import chain, repeat

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from query.model import Model
from query.render import array, to_json
from scope.query.v1.node_pb2 import Metric, Sample
from scope.report.v1.template_pb2 import MetricFormat, MetricTemplate

#: The last moment that a timestamp can say, in milliseconds since 1970; a probe's clock may be anywhere.
_LAST_MOMENT = 253_402_300_799_999
#: How to read values; one that is newer than this service is a plain number.
_FORMATS = {number: name.removeprefix("METRIC_FORMAT_").lower() for name, number in MetricFormat.items() if number}
#: What readers get of a value.
_DECIMALS = 2


def metrics(model: Model, node: str, templates: Iterable[MetricTemplate], *, samples: bool) -> Iterator[Metric]:
    """The measurements of a node, in the templates' order; with the samples that are kept only where asked for."""
    for template in templates:
        newest = model.newest(node, template.id)
        if newest is not None:
            metric = _metric(template)
            metric.value, metric.max = rounded((newest.value, newest.max))
            if samples:
                metric.samples.extend(_sample(*sample) for sample in model.series(node, template.id))
            yield metric


def rounded(values: Iterable[float]) -> list[float]:
    """Values as readers get them: what they were before they travelled as 32 bit numbers, to two decimals."""
    return list(map(round, values, repeat(_DECIMALS)))


class MetricsPrinter:
    """Prints the newest measurements of many nodes of one kind as JSON, as `metrics` would make them.

    Args:
        templates: what is declared for the kind.
    """

    def __init__(self, templates: Iterable[MetricTemplate]) -> None:
        self._heads = [(template.id, _head(template)) for template in templates]

    def print(self, model: Model, nodes: Iterable[str]) -> Iterator[bytes]:
        """The measurements of each node."""
        rows = [[(head, model.newest(node, metric)) for metric, head in self._heads] for node in nodes]
        found = [[(head, newest) for head, newest in row if newest is not None] for row in rows]
        numbers = rounded(chain.from_iterable(newest for row in found for _, newest in row))
        printed = iter(orjson.dumps(numbers)[1:-1].split(b","))  # all at once: none has a comma in it
        for row in found:
            yield array([b'%b,"value":%b,"max":%b}' % (head, next(printed), next(printed)) for head, _ in row])


def _metric(template: MetricTemplate) -> Metric:
    unit = _FORMATS.get(template.format, "")
    return Metric(id=template.id, label=template.label, format=unit, group=template.group, priority=template.priority)


def _head(template: MetricTemplate) -> bytes:
    """All of a measurement but its value and maximum, which come last."""
    static = orjson.loads(to_json(_metric(template)))
    del static["value"], static["max"]
    return orjson.dumps(static)[:-1]


def _sample(moment: int, value: float) -> Sample:
    date = Timestamp()
    date.FromMilliseconds(min(max(moment, 0), _LAST_MOMENT))
    return Sample(date=date, value=round(value, _DECIMALS))
