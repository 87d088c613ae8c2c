"""Draws the way of a login from the register and the template: the map at the template's top, and the picture in
docs/architecture.md, as Mermaid and as docs/journey.svg.

    cargo run -q -p stoa-core --example routes_json > register.json
    .venv/bin/python infra/draw_journey.py register.json [--write]

Without `--write` it compares, and says what is not current.
"""

import html
import json
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent

# The steps of the way, in order, by the names that the template's Metadata gives. What is not ours has no name there.
WAY = [
    ("start", "1", "the browser starts"),
    (None, "2", "the identity provider asks who it is", "its own pages"),
    ("response", "3", "the response comes back"),
    ("launch", "4", "the account, and the token"),
    (None, "5", "Thinkific opens the school", "its own pages"),
    ("return", "6", "sent back, or signed out"),
]
BESIDE = [
    ("set-up", "-", "an administrator sets up"),
    ("keys", "-", "keys of identity providers"),
    ("provision", "-", "a directory tells who is there"),
    ("mirror", "-", "the school tells what changed"),
    ("probe", "-", "a login that the clock makes"),
    ("operate", "-", "somebody on call asks"),
    ("any", "-", "every step"),
]
STEPS = {step[0] for step in WAY + BESIDE if step[0]}


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as nothing: only Type and Metadata are wanted."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def journeys(source):
    """Each resource's step and sentence, in the order of the template."""
    for name, resource in source["Resources"].items():
        journey = (resource.get("Metadata") or {}).get("Journey")
        if journey:
            yield name, resource["Type"], journey


def uses(function):
    """The tables and secrets that a function has grants for, each once, in the register's order."""
    tables, secrets = [], []
    for grant in function["grants"]:
        table = grant.get("table") or grant.get("index", "").split("/")[0]
        if table and table not in tables:
            tables.append(table)
        if "secret" in grant and grant["secret"] not in secrets:
            secrets.append(grant["secret"])
    return tables, secrets


def starts(function):
    if function["routes"]:
        return function["routes"]
    starting = [function["schedule"]] if function["schedule"] else []
    if function["uploads"]:
        return ["the command `stoa`", "a file in the bucket", *starting]
    return starting or ["the command `stoa`" if function["name"] == "operator" else "another function"]


class Journey:
    def __init__(self, register, source):
        steps = {name: journey["step"] for name, kind, journey in journeys(source) if kind == "AWS::Serverless::Function"}
        self.serves = {name: journey["serves"] for name, _, journey in journeys(source)}
        self.functions = {}
        for function in register["functions"]:
            self.functions.setdefault(steps.get(function["logical_id"]), []).append(function)

    def of(self, step):
        return self.functions.get(step, [])


def map_lines(journey):
    rows = []
    for step, number, title, *others in WAY + BESIDE:
        if step is None:
            rows.append((f"{number} {title}", f"({others[0]})", "", "", ""))
            continue
        for at, function in enumerate(journey.of(step)):
            tables, secrets = uses(function)
            heading = f"{number} {title}" if number != "-" else f"  {title}"
            for line, start in enumerate(starts(function)):
                first = line == 0
                rows.append((
                    heading if first and at == 0 else "",
                    start,
                    function["logical_id"] if first else "",
                    ", ".join(tables) if first else "",
                    (", ".join(secrets) or "none") if first else "",
                ))
    rows.insert(0, ("step", "what starts it", "function", "tables", "secrets"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        yield "#   " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()


def template_text(text, journey):
    begin, end = "# Where each step of a login lives\n#\n", "#\n# A function, its log group and its folder"
    before, rest = text.split(begin, 1)
    _, after = rest.split(end, 1)
    return before + begin + "\n".join(map_lines(journey)) + "\n" + end + after


def mermaid(journey):
    lines = ["```mermaid", "flowchart TD", "  person([the person's browser])"]
    previous = "person"
    for step, number, title, *_ in WAY:
        node = f"step{number}"
        functions = "<br/>".join(function["logical_id"] for function in journey.of(step)) if step else ""
        shape = f'["{number} {title}<br/><b>{functions}</b>"]' if step else f'(["{number} {title}"])'
        lines += [f"  {node}{shape}", f"  {previous} {'-. refused .->' if number == '6' else '-->'} {node}"]
        previous = node
    tables, secrets = [], []
    for step, number, *_ in WAY:
        for function in journey.of(step) if step else []:
            mine = uses(function)
            for name in mine[0]:
                if name not in tables:
                    tables.append(name)
                    lines.append(f"  {name}[({name})]")
                lines.append(f"  step{number} --- {name}")
            for name in mine[1]:
                if name not in secrets:
                    secrets.append(name)
                    lines.append(f"  secret_{name}{{{{secret {name}}}}}")
                lines.append(f"  step{number} -.- secret_{name}")
    unique = list(dict.fromkeys(lines))
    return "\n".join([*unique, "```"])


def document_text(text, journey):
    begin, end = "<!-- the way, drawn by infra/draw_journey.py -->\n", "\n<!-- the end of the way -->"
    before, rest = text.split(begin, 1)
    _, after = rest.split(end, 1)
    rows = ["![The way of a login](journey.svg)", "", "| resource | step | what it serves |", "|---|---|---|"]
    steps = {step[0]: f"{step[1]} {step[2]}" if step[1] != "-" else step[2] for step in WAY + BESIDE if step[0]}
    for name, kind, entry in journey.listed:
        if kind != "AWS::Logs::LogGroup" and kind != "AWS::CloudWatch::Alarm":
            rows.append(f"| `{name}` | {steps[entry['step']]} | {entry['serves']} |")
    return before + begin + "\n".join(rows) + "\n\n" + mermaid(journey) + end + after


# The picture's measures, in pixels.
WIDTH, LEFT, ROW, GAP, CHIP = 1180, 20, 34, 22, 130


def svg(journey):
    parts, y = [], 64
    kinds = {"table": "#dbe9ff", "secret": "#ffe3d6", "function": "#e3f4e1", "other": "#eeeeee"}

    def box(x, width, height, colour, text, bold=False):
        weight = ' font-weight="bold"' if bold else ""
        parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{colour}" stroke="#555"/>')
        parts.append(f'<text x="{x + 10}" y="{y + 22}"{weight}>{html.escape(text)}</text>')

    def label(x, text):
        parts.append(f'<text x="{x}" y="{y + 22}" fill="#333">{html.escape(text)}</text>')

    for x, heading in [(LEFT, "step"), (330, "function"), (520, "started by"), (775, "tables (blue) and secrets (red) that it uses")]:
        parts.append(f'<text x="{x}" y="44" font-weight="bold">{heading}</text>')
    for step, number, title, *_ in WAY + BESIDE:
        functions = journey.of(step) if step else []
        if step and not functions:
            continue
        top = y
        lines = [[[(name, kind) for name in names] for names, kind in zip(uses(f), ("table", "secret")) if names] for f in functions]
        rows = max(1, sum(max(len(starts(f)), len(mine)) for f, mine in zip(functions, lines)))
        text = f"{number}  {title}" if number != "-" else title
        box(LEFT, 290, ROW, kinds["other"] if not step else "#ffffff", text, bold=number != "-")
        for function, mine in zip(functions, lines):
            box(330, 170, ROW, kinds["function"], function["logical_id"])
            for line in range(max(len(starts(function)), len(mine))):
                if line < len(starts(function)):
                    label(520, starts(function)[line])
                for column, (name, kind) in enumerate(mine[line] if line < len(mine) else []):
                    box(775 + column * CHIP, CHIP - 8, ROW - 6, kinds[kind], name)
                y += ROW
        y = top + rows * ROW + GAP
        if number in "12345":
            x = LEFT + 145
            parts.append(f'<path d="M{x} {top + ROW} V{y - 2}" stroke="#555" fill="none" marker-end="url(#arrow)"/>')
    style = 'font-family="DejaVu Sans, Verdana, sans-serif" font-size="13"'
    arrow = '<marker id="arrow" markerWidth="8" markerHeight="8" refX="6" refY="3" orient="auto"><path d="M0 0 L6 3 L0 6 z" fill="#555"/></marker>'
    title = "The way of a login: from the identity provider through stoa to Thinkific"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" {style} role="img">'
    body = "\n".join(parts)
    return (
        f"{head}\n<title>{title}</title>\n<defs>{arrow}</defs>\n"
        f'<rect width="{WIDTH}" height="{y}" fill="white"/>\n<text x="{LEFT}" y="20" font-weight="bold">{title}</text>\n{body}\n</svg>\n'
    )


def main():
    register = json.loads(Path(sys.argv[1]).read_text())
    template, page, picture = ROOT / "template.yaml", ROOT / "docs/architecture.md", ROOT / "docs/journey.svg"
    source = yaml.load(template.read_text(), Loader)
    journey = Journey(register, source)
    journey.listed = list(journeys(source))
    lost = [function["logical_id"] for function in journey.functions.get(None, [])]
    if lost:
        sys.exit(f"template.yaml: no Metadata.Journey at {', '.join(lost)}")
    wanted = {
        template: template_text(template.read_text(), journey),
        page: document_text(page.read_text(), journey),
        picture: svg(journey),
    }
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--write" in sys.argv:
        for path in stale:
            path.write_text(wanted[path])
        return
    if stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"not current: {names}; `infra/draw_journey.py register.json --write` draws them")
    print("the map and the picture are current")


if __name__ == "__main__":
    main()
