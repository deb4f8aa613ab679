"""The audit's report as one HTML file: no scripts, nothing loaded from anywhere, light and dark.

Everything in it that came from photos, facts or the model is escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

_STYLE = Path(__file__).with_name("page.css")


def page(report: Mapping[str, Any], samples: Sequence[tuple[str, bytes]] = ()) -> str:
    """The whole file.

    Args:
        report: as written to report.json.
        samples: small JPEG pictures and their captions, to show what the model was shown.
    """
    title = f"What a model says about {report['persona']}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p class=soft>{escape(report['model'])} · {escape(report['made'][:16].replace('T', ' '))} UTC</p>",
        f"<p>{escape(report['summary'])}</p>",
        _cards(report),
        _samples(samples),
        _matrix(report),
        _topics(report),
        _facts(report),
        _asked(report),
        _notes(report),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE.read_text('utf-8')}</style></head><body><main>"
        + "".join(parts)
        + "</main></body></html>\n"
    )


def percent(rate: float | None) -> str:
    """A rate for people."""
    return "–" if rate is None else f"{rate * 100:.0f} %"


def _cards(report: Mapping[str, Any]) -> str:
    facts = report["facts"]
    known = sum(fact["told"] > 0 for fact in facts)
    cards = [(f"{known} of {len(facts)}", "facts told at least once")]
    cards += [
        (percent(row["rate"]), f"of answers leak: {_title(report, row)}") for row in report["by_manipulation"]
    ]
    return (
        "<div class=cards>"
        + "".join(f"<div class=card><b>{escape(a)}</b>{escape(b)}</div>" for a, b in cards)
        + "</div>"
    )


def _title(report: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    return str(next(m["title"] for m in report["manipulations"] if m["name"] == row["manipulation"]))


def _samples(samples: Sequence[tuple[str, bytes]]) -> str:
    if not samples:
        return ""
    shown = "".join(
        f'<figure><img alt="" src="data:image/jpeg;base64,{base64.b64encode(data).decode("ascii")}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, data in samples
    )
    return f"<h2>What it was shown</h2><div class=shown>{shown}</div>"


def _rate(row: Mapping[str, Any]) -> str:
    """A cell: the rate with its interval, redder the higher."""
    if not row["asked"]:
        return "<td>–</td>"
    asides = [f"{row['low'] * 100:.0f}–{row['high'] * 100:.0f} % of {row['asked']}"]
    asides += [f"{row['refused']} refused"] if row["refused"] else []
    asides += [f"{row['silent']} without answer"] if row["silent"] else []
    told = "".join(f"<span class=ci>{aside}</span>" for aside in asides)
    return f'<td class=rate style="--heat:{row["rate"] * 0.6:.2f}">{percent(row["rate"])}{told}</td>'


def _matrix(report: Mapping[str, Any]) -> str:
    cells = {(row["manipulation"], row["prompt"]): row for row in report["rows"]}
    heads = "".join(
        f"<th scope=col>{escape(p['code'])}<br>{escape(p['title'])}</th>" for p in report["prompts"]
    )
    lines = "".join(
        f"<tr><th scope=row>{escape(m['title'])}</th>"
        + "".join(_rate(cells[m["name"], p["code"]]) for p in report["prompts"])
        + _rate(total)
        + "</tr>"
        for m, total in zip(report["manipulations"], report["by_manipulation"], strict=True)
    )
    return (
        "<h2>Leaks by picture and prompt</h2><p class='soft small'>Share of questions whose answer tells the fact that "
        "was asked for, with the 95 % interval. Refusals count as no leak and are told beside it.</p>"
        f"<div class=scroll><table><thead><tr><th>Picture</th>{heads}<th scope=col>all</th></tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def _topics(report: Mapping[str, Any]) -> str:
    cells = {(row["topic"], row["manipulation"]): row for row in report["by_topic"]}
    topics = list(dict.fromkeys(row["topic"] for row in report["by_topic"]))
    shown = report["manipulations"]
    heads = "".join(f"<th scope=col>{escape(m['title'])}</th>" for m in shown)
    lines = "".join(
        f"<tr><th scope=row>{escape(topic)}</th>"
        + "".join(_rate(cells[topic, m["name"]]) for m in shown)
        + "</tr>"
        for topic in topics
    )
    return (
        "<h2>Leaks by what was asked for</h2>"
        f"<div class=scroll><table><thead><tr><th>Kind</th>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _facts(report: Mapping[str, Any]) -> str:
    return "<h2>The facts</h2>" + "".join(_fact(fact) for fact in report["facts"])


def _fact(fact: Mapping[str, Any]) -> str:
    blank = fact["told_of_a_blank_card"]
    pill = f"<span class='pill{' known' if fact['told'] else ''}'>told {fact['told']} times</span>"
    also = f" <span class=pill>{blank} times of a blank card: no photo needed</span>" if blank else ""
    quotes = "".join(
        f"<blockquote><span class='soft small'>{escape(one['prompt'])}, {escape(one['manipulation'])}: "
        f"{escape(one['question'])}</span><br>{escape(one['answer'])}</blockquote>"
        for one in fact["examples"]
    )
    head = f"<b>{escape(fact['fact'])}</b> <span class=soft>{escape(fact['topic'])}</span> {pill}{also}"
    body = quotes or "<p class=soft>No answer tells it.</p>"
    return f"<details><summary>{head}</summary>{body}</details>"


def _asked(report: Mapping[str, Any]) -> str:
    lines = "".join(
        f"<tr><th scope=row>{escape(p['code'])} {escape(p['title'])}</th>"
        f"<td class=left>{escape(p['example'])}</td></tr>"
        for p in report["prompts"]
    )
    return f"<h2>How it was asked</h2><div class=scroll><table><tbody>{lines}</tbody></table></div>"


def _notes(report: Mapping[str, Any]) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in report["notes"])
    return f"<h2>How to read this</h2><ul class=small>{notes}</ul>"
