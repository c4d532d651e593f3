"""The process reporter: cheap values often, the rest when a report is made."""

import time
from dataclasses import dataclass, field

from scope_probe import proc
from scope_probe.hiding import harmless

DEAD = frozenset("ZXx")


@dataclass
class Track:
    """What is remembered of a process between looks: `usage` has an entry for every look it was seen at."""

    stat: proc.Stat
    usage: list["Usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process used at one look. `cpu`: percent of one processor, None before two looks; `memory`: bytes."""

    time_ms: int
    cpu: float | None
    memory: int


@dataclass(frozen=True)
class Process:
    """A process. `cmdline` is empty for a kernel thread; `open_files` is None where the kernel does not let us look."""

    pid: int
    name: str
    cmdline: str
    ppid: int
    threads: int
    open_files: int | None
    open_files_max: int | None
    usage: list[Usage]


@dataclass
class ProcessReporter:
    """Looks at the processes of this host.

    With `arguments` false, what a program was called with stays here. `secret` is what no command line is to give away.
    """

    arguments: bool = True
    secret: str = ""
    _tracks: dict[int, Track] = field(default_factory=dict, init=False)
    _looked: float | None = field(default=None, init=False)

    def sample(self, time_ms: int) -> None:
        """Look at what each process uses now; `time_ms` dates it."""
        now, before = time.clock_gettime(time.CLOCK_BOOTTIME), self._looked
        tracks = {}
        for pid in proc.pids():
            stat = proc.stat(pid)
            if stat is not None and stat.state not in DEAD:
                tracks[pid] = _follow(self._tracks.get(pid), stat, before, now, time_ms)
        self._tracks, self._looked = tracks, now

    def look(self) -> None:
        """Look for processes that have started since the last sample; what they use is left to the next."""
        for pid in proc.pids():
            stat = None if pid in self._tracks else proc.stat(pid)
            if stat is not None and stat.state not in DEAD:
                self._tracks[pid] = Track(stat, [])

    def started(self, pid: int) -> int | None:
        """When the process that was last seen under this pid was started, in ticks."""
        track = self._tracks.get(pid)
        return track.stat.started if track else None

    def collect(self, open_files: dict[int, int]) -> list[Process]:
        """Every process of the last sample that still is there, with the usage since the last collection.

        Args:
            open_files: how many files each process has open, as far as known.
        """
        found = (self._process(track, open_files.get(pid)) for pid, track in self._tracks.items())
        processes = [process for process in found if process is not None]
        for track in self._tracks.values():
            track.usage = []
        return processes

    def _process(self, track: Track, open_files: int | None) -> Process | None:
        stat = track.stat
        arguments = proc.command(stat.pid)
        if arguments is None:
            return None
        shown = [harmless(argument, self.secret) for argument in arguments]
        name, cmdline = describe(stat.comm, shown, whole=self.arguments)
        limit = proc.descriptors_max(stat.pid) if open_files is not None else None
        return Process(stat.pid, name, cmdline, stat.ppid, stat.threads, open_files, limit, track.usage)


def describe(comm: str, arguments: list[str], *, whole: bool) -> tuple[str, str]:
    """A process's name and command line; with `whole` false the command line is without arguments.

    Some programs write all their arguments into the first, with spaces between them. What follows the first option is
    no part of a name, and where arguments are to be dropped neither is what follows the first space.
    """
    if not arguments or not arguments[0]:
        return f"[{comm}]", " ".join(arguments).strip() if whole else ""
    name = arguments[0]
    if len(arguments) == 1:
        name = name.partition(" -" if whole else " ")[0] or f"[{comm}]"
    return name, " ".join(arguments) if whole else name


def _follow(track: Track | None, stat: proc.Stat, before: float | None, now: float, time_ms: int) -> Track:
    """Add a look to what is known of a process, or begin anew when its pid has come to mean another one."""
    if track is None or track.stat.started != stat.started:
        usage = Usage(time_ms, _since_start(stat, before, now), stat.rss)
        return Track(stat, [usage])
    usage = Usage(time_ms, _percent(stat.cpu - track.stat.cpu, now - before if before else 0), stat.rss)
    track.stat = stat
    track.usage.append(usage)
    return track


def _since_start(stat: proc.Stat, before: float | None, now: float) -> float | None:
    """Its share of the time since the last look, all of which it used since; None when it may be older than that."""
    return (
        _percent(stat.cpu, now - before) if before is not None and (stat.started + 1) / proc.TICKS >= before else None
    )


def _percent(ticks: int, seconds: float) -> float | None:
    return 100 * ticks / proc.TICKS / seconds if seconds > 0 else None
