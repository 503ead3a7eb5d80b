"""What the README says is true: its example runs, its files exist, its commands are where CI looks for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pictures import example

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_trains_and_makes_its_pictures(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="the example draws learning curves")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(example(), "README.md", "exec"), names)
    assert names["history"]["test_accuracy"][-1] >= 0.97
    assert (tmp_path / "curves.png").stat().st_size > 10_000
    assert "conv2d" in (tmp_path / "graph.svg").read_text()
    assert "(3·3·1+1)·16 = 160" in capsys.readouterr().out


def test_the_example_is_about_twenty_lines():
    code = [line for line in example().splitlines() if line.strip()]
    assert len(code) <= 22


def test_the_files_it_lists_exist():
    for name in re.findall(r"^    ((?:nn|tensorgrad)/\S+)", README, re.MULTILINE):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)", README):
        name = "".join(name)
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")), ids=lambda page: page.name)
def test_the_files_a_page_links_to_exist(page):
    for name in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / name).exists(), name


@pytest.mark.parametrize("name, parts", [("train", ['".[fast,plot,io]"', "tensorgrad train"]),
                                         ("test", ['-e ".[test]"', "pytest"])])
def test_the_commands_are_where_ci_looks(name, parts):
    found = re.search(rf"^<!-- command: {name} -->\n```sh\n(.*)\n```", README, re.MULTILINE)
    assert found
    assert "\n" not in found[1]
    for part in parts:
        assert part in found[1]
