"""Each line of docs/celery-compatibility.md is executed by a test, and no test executes a line that is not there."""

from __future__ import annotations

import ast
import re

from tests.house.files import ROOT, list_python, read_tree

LINE = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)


def test_the_document_and_the_tests_have_the_same_lines() -> None:
    told = LINE.findall((ROOT / "docs" / "celery-compatibility.md").read_text(encoding="utf-8"))
    executed = {
        argument.value
        for path in list_python(ROOT, "tests")
        for node in ast.walk(read_tree(ROOT, path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for call in node.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "line"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    }
    assert len(told) == len(set(told))
    assert set(told) == executed
