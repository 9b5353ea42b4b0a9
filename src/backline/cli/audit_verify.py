"""`backline audit verify`: the chain against its rows, and against the anchors outside the database."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from backline.anchors.anchor import read_lines
from backline.anchors.keys import VerifyingKey
from backline.cli.audit_places import (
    KnownAnchors,
    find_certificates,
    find_missing,
    find_verifying_keys,
    judge_anchors,
    read_targets,
)
from backline.cli.exits import NEEDS_PERSON
from backline.cli.houses import make_screen, open_house, read_settings
from backline.cli.parameters import Json
from backline.cli.screen import Screen
from backline.moments import show_moment
from backline.settings import Settings
from backline.storage.anchors import list_served
from backline.storage.seals_epochs import list_drops, list_epochs
from backline.storage.seals_export import Export, open_export
from backline.storage.seals_read import check_unsealed, walk_seals
from backline.storage.seals_verify import ChainCheck, Finding

NO_ANCHORS = "There are no anchors: a cut tail and a chain rewritten as a whole cannot be seen."
NO_KEY = "Signatures of anchors were not looked at: give --public-key."


def verify(
    anchors: Annotated[
        Path | None,
        typer.Option(
            "--anchors", exists=True, help="File or folder of anchors; default: as in the settings."
        ),
    ] = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--public-key", exists=True, dir_okay=False, help="Key of the anchors; may be repeated."
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", exists=True, dir_okay=False, help="Verify this export, not the database."),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="With --export: a part of the chain is a fault.")
    ] = False,
    json_lines: Json = False,
) -> None:
    """Check the audit chain. Exit code 4 where something was changed, removed, reordered, cut or rewritten."""
    settings, screen = read_settings(), make_screen(json_lines=json_lines)
    keys = public_key or []
    if export is not None:
        faults = _verify_export(screen, export, gather_anchors(settings, anchors, keys, offline=True), whole)
    else:
        faults = _verify_database(screen, settings, anchors, keys)
    if faults:
        raise typer.Exit(NEEDS_PERSON)


def _verify_export(screen: Screen, path: Path, known: KnownAnchors, whole: bool) -> int:
    began = time.perf_counter()
    top = open_export(path)
    later = {point for point, moment in known.moments.items() if moment > top.made_at}
    check = ChainCheck(top.epochs, top.drops, known.points, later=later, whole=top.whole)

    def look() -> Iterator[Finding]:
        yield from check.run(top.seals())
        yield from judge_extent(top, wants_whole=whole)
        yield from judge_moment(top, known.keys, check.beyond)

    faults = _tell(screen, known, look)
    _summarize(screen, check, known, faults, time.perf_counter() - began, is_whole=top.whole)
    return faults


def _verify_database(screen: Screen, settings: Settings, anchors: Path | None, keys: list[Path]) -> int:
    with open_house() as house:
        with house.database.read() as connection:
            served = list_served(connection)
        # The anchors before the chain, which then holds everything that they know, and after what was served.
        known = gather_anchors(settings, anchors, keys, offline=False)
        if anchors is None:
            known.findings += find_missing(settings, served, known)
        began = time.perf_counter()
        with house.database.read(snapshot=True) as connection:
            check = ChainCheck(list_epochs(connection), list_drops(connection), known.points)

            def look() -> Iterator[Finding]:
                yield from check.run(walk_seals(connection))
                yield from check_unsealed(connection)

            faults = _tell(screen, known, look)
    _summarize(screen, check, known, faults, time.perf_counter() - began, is_whole=True)
    return faults


def judge_extent(export: Export, *, wants_whole: bool) -> Iterator[Finding]:
    """Whether a file that was walked is the chain or a part of it, and what in it no hash answers for."""
    if not export.whole and not export.sealed:
        yield Finding("empty_part", "This is a part of the chain without any seal: it proves nothing.")
    elif not export.whole:
        words = f"This is a part of the chain, {export.sealed:,} seals: what lies before and behind was not looked at."
        yield Finding("part", words, fault=wants_whole)
    if export.unsealed:
        rows = "1 row" if export.unsealed == 1 else f"{export.unsealed:,} rows"
        words = f"Nothing answers for {rows} of the file that had no seal yet when it was written."
        yield Finding("unsealed_rows", words, fault=False)


def judge_moment(export: Export, keys: list[VerifyingKey], younger: int) -> Iterator[Finding]:
    """Whether a file that was walked was signed as it ends, and how many anchors are younger than it."""
    text, is_proven = export.signed_text(), False
    if export.key is not None and keys:
        is_proven = any(key.id == export.key and key.verify(text, export.signature) for key in keys)
        if not is_proven:
            words = (
                f"The export is not signed by a key that was given (it names key {export.key}), or its moment, "
                "its end or its number of rows was changed."
            )
            yield Finding("bad_signature", words)
    if younger:
        anchors = "1 anchor is" if younger == 1 else f"{younger:,} anchors are"
        words = f"{anchors} younger than this export of {show_moment(export.made_at)}."
        if not is_proven:
            words += (
                " Nothing answers for that moment: the file is not signed, or no key was given. "
                "Whoever cut its end could have set it back."
            )
        yield Finding("younger_anchors", words, fault=False)


def gather_anchors(settings: Settings, path: Path | None, keys: list[Path], *, offline: bool) -> KnownAnchors:
    """What the anchors know. Offline, only those that are named are read."""
    known = KnownAnchors()
    bad: list[str] = []
    verifying = known.keys = find_verifying_keys(settings, keys)
    file = find_certificates(settings)
    certificates: list[Any] = []
    if file is not None:
        certificates = importlib.import_module("backline.anchors.rfc3161").read_certificates(file)
    if path is not None:
        found = read_lines(path, bad)
    else:
        found = iter(()) if offline else iter(read_targets(settings, bad))
    judge_anchors(found, verifying, certificates, known)
    known.findings += [Finding("bad_anchor", words) for words in bad]
    if not known.points:
        known.findings.append(Finding("no_anchors", NO_ANCHORS, fault=False))
    elif not verifying:
        known.findings.append(Finding("no_key", NO_KEY, fault=False))
    return known


def _tell(screen: Screen, known: KnownAnchors, look: Callable[[], Iterator[Finding]]) -> int:
    """Say each finding as it comes; how many are faults."""
    faults = 0
    for findings in (known.findings, look()):
        for finding in findings:
            faults += finding.fault
            if screen.json_lines:
                screen.dump({"verdict": "fault" if finding.fault else "note", **vars(finding)})
            else:
                screen.say(f"{'fault' if finding.fault else 'note'}: {finding.says}")
    return faults


def _summarize(
    screen: Screen, check: ChainCheck, known: KnownAnchors, faults: int, seconds: float, *, is_whole: bool
) -> None:
    screen.show_facts(
        {
            "whole": is_whole,
            "rows": check.rows,
            "anchors": len(known.points),
            "faults": faults,
            "seconds": round(seconds, 2),
            "rows_a_second": round(check.rows / max(seconds, 1e-6)),
        }
    )
