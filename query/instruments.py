"""What query measures, and the steps of a report's trace that it adds."""

from opentelemetry.trace import SpanKind

from mesh.telemetry.declared import Instruments

_query = Instruments("query")

APPLIED = _query.counter("scope_reports_applied", "{report}", "Reports of the log taken into an organization's state.")
PASSED_OVER = _query.counter(
    "scope_reports_passed_over",
    "{report}",
    "Reports of the log that changed nothing: superseded (known already, or against a full report that is not here), "
    "unsealed (not stored by collection), unreadable, or failed (a fault of ours, which is logged).",
    "reason",
)
APPLY = _query.duration("scope_apply_duration", "How long it took to take in all reports that had arrived.")
JOIN = _query.duration("scope_join_duration", "How long it took to join them and to bring every view up to date.")
LAG = _query.duration(
    "scope_log_lag", "How long ago the oldest of the reports just taken in was appended to the log; of new ones only."
)
BEHIND = _query.gauge("scope_log_behind", "{report}", "Reports in the log, or on the way, that are not taken in yet.")
ORGANIZATIONS = _query.gauge("scope_organizations", "{organization}", "Organizations that are followed.")
VIEWS = _query.gauge("scope_views", "{view}", "Views that are kept up to date.")
WATCHERS = _query.gauge("scope_watchers", "{watcher}", "Readers who wait for changes of a view.")
EVENTS = _query.counter("scope_events_sent", "{event}", "Parts of what changed in a view that were told to watchers.")
MERGED = _query.counter(
    "scope_events_merged", "{step}", "Changes of a view that a watcher was not told apart, for it did not keep up."
)

REPORT_APPLY = _query.span(
    "report apply", SpanKind.CONSUMER, "A report of the log is taken into the organization's state."
)
REPORT_EVENT = _query.span(
    "report event",
    SpanKind.INTERNAL,
    "An event is made of what changed in a view with this report, and perhaps others, for all who watch alike.",
)
