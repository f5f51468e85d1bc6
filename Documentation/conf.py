# SPDX-License-Identifier: GPL-2.0-only
"""Sphinx settings: sphinx-build -W -b html Documentation build/docs"""

import os
import pathlib
import subprocess

import sphinx
from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList

ROOT = pathlib.Path(__file__).resolve().parent.parent

project = "shardmap"
copyright = "the shardmap authors"
master_doc = "index"
highlight_language = "none"
primary_domain = "c"
html_theme = "alabaster"
html_show_sourcelink = False
# Types of the kernel that the C domain cannot resolve here.
nitpicky = False


def script():
    """The kernel's kernel-doc, from SHARDMAP_KSRC or the cache of tools/vm."""
    given = os.environ.get("SHARDMAP_KSRC")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME")
                         or pathlib.Path.home() / ".cache") / "shardmap"
    cache = pathlib.Path(os.environ.get("SHARDMAP_CACHE") or cache)
    trees = [pathlib.Path(given)] if given else sorted(cache.glob("source/*/"))
    found = [tree / "scripts" / "kernel-doc" for tree in trees]
    return next((path for path in reversed(found) if path.exists()), None)


class KernelDoc(Directive):
    """.. kernel-doc:: FILE, relative to the top of the tree."""
    required_arguments = 1
    # no-index: structures that have the name of a function, which links mean
    option_spec = {"identifiers": directives.unchanged,
                   "exclude": directives.unchanged,
                   "no-index": directives.unchanged}

    def run(self):
        path = ROOT / self.arguments[0]
        self.state.document.settings.env.note_dependency(str(path))
        if not script():
            text = f"See the comments in {self.arguments[0]}."
            return [nodes.paragraph(text=text)]
        command = ["perl", script(), "-rst", "-sphinx-version", sphinx.__version__]
        for name in self.options.get("identifiers", "").split():
            command += ["-function", name]
        for name in self.options.get("exclude", "").split():
            command += ["-nosymbol", name]
        done = subprocess.run([*command, path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=True)
        lines = [line.expandtabs(8) for line in done.stdout.splitlines()]
        for name in self.options.get("no-index", "").split():
            lines = [f"**struct {name}**" if line == f".. c:struct:: {name}" else line
                     for line in lines]
        section = nodes.section()
        self.state.nested_parse(StringList(lines, source=str(path)), 0, section,
                                match_titles=True)
        return section.children


def setup(app):
    app.add_directive("kernel-doc", KernelDoc)
    return {"parallel_read_safe": True}
