"""Figures as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.contenders import CONTENDERS
from bench.figures import Spread, Summary
from bench.layers import Layer
from bench.spotify_answers import KINDS


def show_machine(console: Console, machine: Mapping[str, Any]) -> None:
    """Three lines on where this was measured."""
    fsync = machine["fsync_ms"]
    console.print(
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, "
        f"Python {machine['python']}, load {machine['load_before']}"
    )
    console.print(f"fsync of 512 bytes: {fsync['median']} ms (least {fsync['min']}, p99 {fsync['p99']})")
    versions = (f"{name} {number}" for name, number in machine["packages"].items() if number)
    console.print(", ".join(versions))


def show_rounds(console: Console, stack: str, summaries: Sequence[Summary]) -> None:
    """End to end: one line per contender; median and (least–largest) of the rounds."""
    table = Table(title=f"{stack}: the same work, median (least–largest) of the rounds", title_justify="left")
    table.add_column("")
    for name in (
        "enqueue/s",
        "its CPU ms",
        "drain/s",
        "of plain",
        "worker CPU ms",
        "more",
        "p50 ms",
        "p99 ms",
        "exact",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for one in summaries:
        table.add_row(
            CONTENDERS[one.contender].title,
            f"{one.enqueue_rate.median:.0f}",
            f"{one.enqueue_cpu.median:.2f}",
            _spread(one.drain_rate, 0),
            _spread(one.ratio, 2),
            _spread(one.worker_cpu, 2),
            _spread(one.cpu_more, 2, "+"),
            _number(one.latency_p50, 1),
            _number(one.latency_p99, 1),
            "yes" if one.exact else "NO",
        )
    console.print(table)


def show_failures(console: Console, failures: Sequence[tuple[str, str]]) -> None:
    """One line per round that gave no figures and was measured again."""
    for key, words in failures:
        ends = [line for line in words.splitlines() if line.strip()]
        console.print(
            f"{CONTENDERS[key].title}: a round failed and was measured again: {ends[0][:60]} … {ends[-1]}",
            markup=False,
        )


def show_verdicts(console: Console, verdicts: Mapping[str, bool]) -> None:
    """One line per target."""
    for words, met in verdicts.items():
        console.print(f"{'[green]met[/]' if met else '[red]not met[/]'}: {words}")


def show_layers(console: Console, stack: str, layers: Sequence[Layer]) -> None:
    """What each layer takes in one process."""
    table = Table(title=f"{stack}: one layer, one process, one connection", title_justify="left")
    for name in ("layer", "wall µs (median)", "CPU µs (mean)"):
        table.add_column(name, justify="left" if name == "layer" else "right")
    for layer in layers:
        table.add_row(layer.name, f"{layer.wall:.0f}", f"{layer.cpu:.0f}")
    console.print(table)


def show_imports(console: Console, rows: int, ways: Sequence[Mapping[str, Any]]) -> None:
    """A table of rows read into a database, by each way."""
    table = Table(title=f"{rows:,} rows of a plain table into a database", title_justify="left")
    for name in ("way", "wall s", "CPU s", "peak MiB", "rows stored"):
        table.add_column(name, justify="left" if name == "way" else "right")
    for way in ways:
        table.add_row(
            way["way"], f"{way['seconds']:.1f}", f"{way['cpu_seconds']:.1f}", f"{way['peak_mib']:.0f}",
            f"{way['stored']:,}" if way["stored"] is not None else "failed",
        )  # fmt: skip
    console.print(table)
    for way in ways:
        if way["failed"]:
            console.print(f"{way['way']}: {way['failed']}", markup=False)


def show_sealing(console: Console, stack: str, found: Sequence[Mapping[str, Any]], least: float) -> None:
    """Throughput with and without sealing, by number of writers."""
    table = Table(title=f"{stack}: runs a second, sealed beside and not sealed", title_justify="left")
    for name in ("writers", "not sealed", "sealed", "ratio", "left unsealed", "target"):
        table.add_column(name, justify="right")
    for one in found:
        table.add_row(
            str(one["writers"]), _spread(Spread(**one["without"]), 0), _spread(Spread(**one["with"]), 0),
            _spread(Spread(**one["ratio"]), 2), str(one["left"]),
            "[green]met[/]" if one["ratio"]["median"] >= least else f"[red]below {least}[/]",
        )  # fmt: skip
    console.print(table)


def show_reading(console: Console, found: Sequence[Mapping[str, Any]]) -> None:
    """What 1,000 answers of the Web API cost, by client and kind."""
    sizes = found[0]["bytes"]
    for part, words in (("calls", "whole calls"), ("bodies", "from bytes to what the caller gets")):
        title = f"1,000 answers of the Web API, {words}: CPU ms, median (least–largest) of the rounds"
        table = Table(title=title, title_justify="left")
        for name in ("", "gives"):
            table.add_column(name)
        for kind, told in KINDS.items():
            table.add_column(f"{told}, {sizes[kind] / 1000:.0f} kB", justify="right")
        table.add_column("MiB: opened, peak", justify="right")
        for one in found:
            table.add_row(
                one["title"], one["gives"], *(_spread(Spread(**one[part][kind]), 0) for kind in KINDS),
                f"{one['opened_mib']:.0f}, {one['peak_mib']:.0f}",
            )  # fmt: skip
        console.print(table)


def show_syncs(console: Console, found: Sequence[Mapping[str, Any]]) -> None:
    """How many requests syncs of so many artists took, beside the fewest that there can be."""
    table = Table(title="requests of syncs by family, beside the fewest there can be", title_justify="left")
    for name in (
        "profile", "artists", "releases", "tracks", "pass", "artist-album (least)", "tracks (least)", "all (least)",
        "of least", "not yet seen", "CPU s", "wall s",
    ):  # fmt: skip
        table.add_column(name, justify="left" if name in {"profile", "pass"} else "right")
    for one in found:
        asked, least = one["asked"], one["least"]
        pairs = [(asked.get(name, 0), least.get(name, 0)) for name in ("artist-album", "tracks")]
        pairs.append((sum(asked.values()), sum(least.values())))
        table.add_row(
            one["profile"], f"{one['artists']:,}", f"{one['releases']:,}", f"{one['tracks']:,}",
            one["pass"] + (f" ({one['changes']})" if one["changes"] else ""),
            *(f"{some:,} ({few:,})" for some, few in pairs), f"{pairs[-1][0] / pairs[-1][1]:.3f}",
            f"{one['late']:,}", f"{one['cpu_seconds']:.1f}", f"{one['seconds']:.1f}",
        )  # fmt: skip
    console.print(table)


def _spread(value: Spread | None, digits: int, sign: str = "") -> str:
    if value is None:
        return "-"
    form = f"{sign}.{digits}f"
    return f"{value.median:{form}} ({value.low:{form}}–{value.high:{form}})"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
