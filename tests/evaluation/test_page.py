"""Templates: all of them are there, escape what they show, and ask for nothing that is not given."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from jinja2 import UndefinedError

from interestclock.evaluation import page as page_module
from interestclock.evaluation.page import page

TEMPLATES = files("interestclock.evaluation") / "templates"


def test_the_package_has_what_its_pages_are_made_of():
    names = {file.name for file in TEMPLATES.iterdir()}
    assert {"report.html.jinja", "tables.html.jinja", "report.css", "report.js"} <= names
    asked = {
        name
        for file in TEMPLATES.iterdir()
        for name in re.findall(r'{% (?:include|from) "([^"]+)"', file.read_text(encoding="utf-8"))
    }
    assert asked <= names


def test_a_value_that_is_not_given_is_an_error():
    with pytest.raises(UndefinedError, match=r"'\w+' is undefined"):
        page("report.html.jinja")


def test_only_plotlys_own_javascript_and_pictures_that_are_pages_already_are_taken_as_they_are():
    texts = [file.read_text(encoding="utf-8") for file in TEMPLATES.iterdir() if file.name.endswith(".jinja")]
    assert re.findall(r"{{ (\w+) \| safe }}", "".join(texts)).count("plotly_js") == 1
    assert set(re.findall(r"{{ (\w+) \| safe", "".join(texts))) == {"plotly_js", "picture"}
    assert not re.search(r"autoescape|Markup", "".join(texts))
    assert page_module._environment().autoescape is True


@pytest.mark.parametrize("text", ["<script>", "\"'&", "{{ 7 * 7 }}", "{% raw %}", "{# no #}", "</style>"])
def test_a_table_escapes_names_figures_and_colours(text):
    source = '{% from "tables.html.jinja" import table %}{{ table(one) }}'
    row = {"name": text, "colour": text, "cells": [{"figure": text, "small": [text], "tone": text}]}
    one = {"heads": [text], "rows": [row], "css": text}
    shown = page_module._environment().from_string(source).render(one=one)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = escaped.replace('"', "&#34;").replace("'", "&#39;")
    assert shown.count(escaped) == 7
    assert "49" not in shown
