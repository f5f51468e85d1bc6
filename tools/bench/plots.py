# SPDX-License-Identifier: GPL-2.0-only
"""Plots of the rows, drawn by gnuplot as SVG."""

import subprocess

from common import PAYLOADS, Trouble

# Work and share of reads, in %.
READS = (("hit", 100), ("mix99", 99), ("mix90", 90), ("mix80", 80), ("mix50", 50))
THREADS_WORK = "mix90"

# A colour, a dash and a point of its own for each backend, the same in all plots.
STYLES = {
    "shardmap": ("#d62728", 1, 7), "shardmap-inline": ("#ff7f0e", 1, 5),
    "shardmap-siphash": ("#c49c94", 2, 13), "rhashtable": ("#1f77b4", 1, 9),
    "sharded": ("#2ca02c", 1, 11), "syncmap": ("#9467bd", 1, 15),
    "mutex": ("#17344f", 2, 6), "rwlock": ("#8c8c8c", 2, 4),
    "immutable-sharded": ("#bcbd22", 2, 8), "immutable": ("#bcbd22", 2, 8),
    "floor-2-misses": ("#cccccc", 3, 2), "floor-1-miss": ("#e0e0e0", 3, 2),
    "loop": ("#b0b0b0", 3, 1), "cds_lfht": ("#1f77b4", 1, 9),
    "libcuckoo": ("#9467bd", 1, 15), "tbb": ("#8c564b", 1, 3),
    "ck_ht": ("#e377c2", 1, 1),
}
PANEL_WIDTH, HEIGHT, KEY_WIDTH = 410, 380, 200
LOG_TICS = "set ytics (" + ", ".join(f"{m}e{e}" for e in range(-3, 7)
                                       for m in (1, 2, 5)) + ")"

TIME_TICS = "set ytics (" + ", ".join(
    f'"{10 ** (e % 3)} {("ns", "us", "ms", "s")[e // 3]}" 1e{e - 3}'
    for e in range(11)) + ")"


class Plot:
    """Panels side by side, with one key on the right."""

    def __init__(self, name, ylabel, panels=PAYLOADS):
        self.name = name
        self.panels = panels
        self.ylabel = ylabel
        self.blocks = []
        self.panel_text = []
        self.keys = {}

    def data(self, lines):
        name = f"$d{len(self.blocks)}"
        self.blocks.append("\n".join([f"{name} << EOD", *lines, "EOD"]))
        return name

    def panel(self, title, settings, curves):
        """@curves are (name for the key, style for the key, gnuplot's words)."""
        self.keys.update({name: style for name, style, _ in curves})
        words = ", ".join(f"{what} notitle" for _, _, what in curves)
        self.panel_text.append((title, settings, words))

    def script(self, path):
        count = len(self.panel_text)
        width = count * PANEL_WIDTH + KEY_WIDTH
        lines = [f'set terminal svg size {width},{HEIGHT} dynamic noenhanced '
                 'font "sans-serif,13" background "#ffffff"',
                 f'set output "{path}"', *self.blocks,
                 "set border 3 lc rgb '#555555'", "set tics nomirror",
                 "set grid ytics lc rgb '#e4e4e4' lt 1 lw 1", "set multiplot"]
        for i, (title, settings, words) in enumerate(self.panel_text):
            left = i * PANEL_WIDTH / width
            lines += ["set lmargin 0", "set rmargin 0",
                      f"set lmargin at screen {left + 68 / width:.4f}",
                      f"set rmargin at screen {left + (PANEL_WIDTH - 12) / width:.4f}",
                      "set tmargin at screen 0.89", "set bmargin at screen 0.17",
                      f'set title "{title}"',
                      f'set ylabel "{self.ylabel}" offset 1,0' if not i
                      else "unset ylabel", "unset logscale", "set xtics norotate",
                      "set yrange [*:*]", "set xrange [*:*]",
                      "set ytics autofreq",
                      "set xtics scale 1", *settings,
                      f"plot {words}"]
        lines += self._key(count * PANEL_WIDTH / width)
        return "\n".join([*lines, "unset multiplot", ""])

    def _key(self, left):
        return ["unset title", "unset border", "unset tics", "unset xlabel",
                "unset ylabel", "unset grid", "unset logscale", "unset label",
                f"set lmargin at screen {left:.4f}", "set rmargin at screen 1",
                "set tmargin at screen 0.89", "set bmargin at screen 0.17",
                "set key left top Left reverse samplen 2 spacing 1.25",
                "set xrange [0:1]", "set yrange [0:1]", "plot " + ", ".join(
                    f'NaN {style} title "{name}"' for name, style in self.keys.items())]


def line_style(backend):
    colour, dash, point = STYLES.get(backend, ("#000000", 1, 1))
    return (f"with linespoints lc rgb '{colour}' dt {dash} lw 2 pt {point} ps 0.7")


def box_style(backend):
    return f"with boxes fs solid 0.9 noborder lc rgb '{STYLES[backend][0]}'"


def _lines(plot, title, settings, series):
    """@series: backend to [(x, y)]."""
    curves = []
    for backend, points in series.items():
        if points:
            name = plot.data([f"{x} {y:.6g}" for x, y in points])
            curves.append((backend, line_style(backend),
                           f"{name} using 1:2 {line_style(backend)}"))
    if curves:
        plot.panel(title, settings, curves)


def _bars(plot, title, settings, groups, backends, value):
    """Groups of bars along x; @value takes group and backend."""
    wide = 0.8 / max(len(backends), 1)
    curves = []
    for i, backend in enumerate(backends):
        points = [(g + (i - (len(backends) - 1) / 2) * wide, value(group, backend))
                  for g, group in enumerate(groups)]
        points = [f"{x:.4f} {y:.6g} {wide * 0.9:.4f}" for x, y in points if y]
        if points:
            style = box_style(backend)
            curves.append((backend, style, f"{plot.data(points)} using 1:2:3 {style}"))
    if curves:
        tics = ", ".join(f'"{g}" {i}' for i, g in enumerate(groups))
        plot.panel(title, [f"set xtics scale 0 ({tics})",
                           f"set xrange [-0.6:{len(groups) - 0.4}]", *settings], curves)


def _works(results, name, suite):
    """Lookups and updates, one thread."""
    plot = Plot(name, "ns per operation")
    groups = ("hit", "hit_dep", "miss", "batch32", "insert_grow", "update")
    backends = [b for b in ("floor-2-misses", "shardmap-inline", "shardmap",
                            "shardmap-siphash", "rhashtable", "libcuckoo", "cds_lfht",
                            "tbb", "ck_ht", "sharded", "syncmap", "mutex")
                if results.all(suite=suite, backend=b, threads=1)]
    for payload in PAYLOADS:
        def value(work, backend, payload=payload):
            if backend == "floor-2-misses" and work in ("insert_grow", "update"):
                return None
            row = results.one(suite=suite, work=work, backend=backend, payload=payload,
                              threads=1)
            return row and row["ns_per_op"]
        _bars(plot, payload, ["set yrange [0:*]", "set xtics rotate by -25"], groups,
              backends, value)
    return plot


def works(results):
    return _works(results, "works", "uml")


def works_host(results):
    return _works(results, "works-host", "host")


def _reads(results, name, **where):
    plot = Plot(name, "million operations per second")
    order = [b for b in STYLES if b not in ("loop", "floor-1-miss", "immutable")]
    for payload in PAYLOADS:
        series = {}
        for backend in order:
            points = []
            for i, (work, _) in enumerate(READS):
                row = results.one(backend=backend, work=work, payload=payload, **where)
                if row:
                    points.append((i, row["mops"]))
            series[backend] = points
        tics = ", ".join(f'"{share} %%" {i}' for i, (_, share) in enumerate(READS))
        _lines(plot, payload, ["set logscale y", LOG_TICS, f"set xtics ({tics})",
                               "set xrange [-0.2:4.2]",
                               'set xlabel "share of reads"'], series)
    return plot


def reads(results):
    return _reads(results, "reads", suite="stock", threads=2, cpus=2)


def reads_uml(results):
    return _reads(results, "reads-uml", suite="uml")


def reads_host(results):
    return _reads(results, "reads-host", suite="host", threads=2)


def threads(results):
    plot = Plot("threads", "million operations per second")
    for payload in PAYLOADS:
        series = {}
        for backend in ("shardmap", "rhashtable", "sharded", "syncmap", "rwlock",
                        "mutex"):
            rows = results.all(suite="stock", work=THREADS_WORK, backend=backend,
                               payload=payload, dist="uniform")
            series[backend] = sorted((row["threads"], row["mops"]) for row in rows)
        _lines(plot, payload, [
            "set logscale xy", LOG_TICS, "set xrange [0.9:18]",
            "set xtics (1, 2, 4, 8, 16)",
            'set xlabel "threads"'], series)
    return plot


def _latency(results, name, suite, backends):
    """Percentiles of inserts while growing, on the largest map."""
    plot = Plot(name, "time of an insert")
    names = ("p50", "p99", "p99.9", "p99.99", "worst")
    fields = ("p50_us", "p99_us", "p999_us", "p9999_us", "worst_us")
    for payload in PAYLOADS:
        series, entries = {}, 0
        for backend in backends:
            row = results.one(suite=suite, work="insert_latency",
                              backend=backend, payload=payload)
            if row:
                entries = max(entries, row["entries"])
                series[backend] = [(i, max(row[f], 0.001))
                                   for i, f in enumerate(fields)]
        tics = ", ".join(f'"{name}" {i}' for i, name in enumerate(names))
        _lines(plot, f"{payload}, growing to {entries:,}",
               ["set logscale y", TIME_TICS, f"set xtics ({tics})",
                "set xrange [-0.2:4.2]", 'set xlabel "percentile"'], series)
    return plot


def latency(results):
    return _latency(results, "latency", "uml-grow", (
        "shardmap-inline", "shardmap", "rhashtable", "sharded", "loop"))


def latency_host(results):
    return _latency(results, "latency-host", "host", (
        "shardmap-inline", "shardmap", "libcuckoo", "cds_lfht", "tbb", "ck_ht",
        "sharded", "loop"))


def memory(results):
    plot = Plot("memory", "bytes per entry")
    found = [r for r in results.all(suite="uml", work="insert_grow")
             if "bytes_per_entry" in r]
    most = max((r["entries"] for r in found), default=0)
    names = [b for b in STYLES if any(r["backend"] == b and r["entries"] == most
                                      for r in found)]

    def value(payload, backend):
        row = results.one(suite="uml", work="insert_grow", backend=backend,
                          payload=payload, entries=most)
        return row and row.get("bytes_per_entry")
    if names:
        _bars(plot, "memory the kernel gave", ["set yrange [0:*]"], PAYLOADS, names,
              value)
    return plot


def detectors(results):
    plot = Plot("detectors", "times stock-6.12")
    works_ = ("insert_grow", "hit", "mix90", "delete")
    for bed in ("kcsan", "kasan"):
        def value(work, backend, bed=bed):
            pair = [results.one(suite="detectors", bed=b, work=work, backend=backend)
                    for b in (bed, "stock-6.12")]
            return all(pair) and pair[0]["ns_per_op"] / pair[1]["ns_per_op"]
        _bars(plot, bed, ["set yrange [0:*]"], works_, ("shardmap", "rhashtable"),
              value)
    return plot


ALL = (works, reads, reads_uml, threads, latency, memory, detectors, works_host,
       reads_host, latency_host)


def draw(results, folder):
    """All plots there is data for; takes gnuplot."""
    folder.mkdir(parents=True, exist_ok=True)
    for make in ALL:
        plot = make(results)
        if not plot.panel_text:
            continue
        done = subprocess.run(["gnuplot"], text=True, capture_output=True,
                              input=plot.script(folder / f"{plot.name}.svg"))
        if done.returncode or "warning" in done.stderr:
            raise Trouble(f"gnuplot, plot {plot.name}: {done.stderr}")
