"""Charts as SVG, written with the standard library alone: used by bench.py."""
import math
from xml.sax.saxutils import escape

OURS, OTHERS, INK, FAINT, GRID = "#0b6e99", "#a9b4bd", "#1f2933", "#66727d", "#e3e8ec"
FONT = "font-family=\"system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\""


class Drawing:
    """Lines, boxes and text, collected in the order in which they are painted."""

    def __init__(self, width, height, title):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" {FONT}>',
            f"<title>{escape(title)}</title>", f'<rect width="{width}" height="{height}" fill="#ffffff"/>']

    def text(self, x, y, text, size=13, fill=INK, anchor="start", weight="normal"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" '
                          f'font-weight="{weight}">{escape(text)}</text>')

    def box(self, x, y, width, height, fill):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{fill}"/>')

    def line(self, x1, y1, x2, y2, stroke=GRID, dashes=""):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
                          f'stroke-dasharray="{dashes}"/>')

    def curve(self, points, stroke):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="2.5" stroke-linejoin="round"/>')
        self.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{stroke}"/>' for x, y in points]

    def save(self, path):
        with open(path, "w") as file:
            file.write("\n".join(self.parts + ["</svg>"]) + "\n")


def step(highest):
    """A round number of which four or so make up `highest`."""
    power = 10 ** math.floor(math.log10(highest / 4))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor * 4.5 >= highest)


def bars(path, title, subtitle, rows, limit=None):
    """One horizontal bar a row (label, value, text, ours). `limit`: (value, text) of a dashed line."""
    width, left, right, top, pitch = 760, 190, 96, 74, 34
    highest = max([value for _, value, _, _ in rows] + ([limit[0]] if limit else [])) or 1
    bottom = top + pitch * len(rows)
    drawing = Drawing(width, bottom + 40, title)
    drawing.text(20, 30, title, 17, weight="600")
    drawing.text(20, 51, subtitle, 12.5, FAINT)

    def across(value):
        return left + (width - left - right) * value / highest

    mark = 0
    while mark <= highest * 1.001:
        drawing.line(across(mark), top, across(mark), bottom)
        drawing.text(across(mark), bottom + 18, f"{mark:g}", 11.5, FAINT, "middle")
        mark = round(mark + step(highest), 10)
    for number, (label, value, text, ours) in enumerate(rows):
        y = top + pitch * number
        drawing.text(left - 10, y + 21, label, 13.5, anchor="end", weight="600" if ours else "normal")
        drawing.box(left, y + 6, max(1.5, across(value) - left), pitch - 12, OURS if ours else OTHERS)
        drawing.text(max(left + 1.5, across(value)) + 7, y + 21, text, 12.5, weight="600" if ours else "normal")
    if limit:
        drawing.line(across(limit[0]), top - 4, across(limit[0]), bottom, "#c0392b", "5 4")
        drawing.text(across(limit[0]) + 4, top - 7, limit[1], 11.5, "#c0392b")
    drawing.save(path)


def panels(path, title, subtitle, graphs):
    """Curves side by side: y from 0, x logarithmic. A graph is a dictionary: heading, unit, x, points [(x, y)], and maybe limit."""
    each, height, top, bottom = 330, 330, 112, 272
    drawing = Drawing(each * len(graphs) + 10, height, title)
    drawing.text(20, 30, title, 17, weight="600")
    drawing.text(20, 51, subtitle, 12.5, FAINT)
    for number, graph in enumerate(graphs):
        left, right = each * number + 58, each * (number + 1) - 14
        points = graph["points"]
        highest = max([y for _, y in points] + ([graph["limit"]] if graph.get("limit") else [])) * 1.15 or 1
        low, high = math.log10(points[0][0]), math.log10(points[-1][0])

        def place(x, y):
            return (left + (right - left) * (math.log10(x) - low) / ((high - low) or 1), bottom - (bottom - top) * y / highest)

        drawing.text(left - 38, 86, graph["heading"], 13.5, weight="600")
        drawing.text(left - 38, 102, graph["unit"], 11.5, FAINT)
        mark = 0
        while mark <= highest:
            drawing.line(left, place(points[0][0], mark)[1], right, place(points[0][0], mark)[1])
            drawing.text(left - 7, place(points[0][0], mark)[1] + 4, f"{mark:g}", 11.5, FAINT, "end")
            mark = round(mark + step(highest), 10)
        if graph.get("limit"):
            y = place(points[0][0], graph["limit"])[1]
            drawing.line(left, y, right, y, "#c0392b", "5 4")
        drawing.curve([place(x, y) for x, y in points], OURS)
        for x, y in points:
            drawing.text(place(x, y)[0], bottom + 18, short(x), 11.5, FAINT, "middle")
        drawing.text((left + right) / 2, bottom + 40, graph["x"], 12, FAINT, "middle")
    drawing.save(path)


def short(number):
    """10000 as 10k."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:g}"
