"""The settings that docs/proxies.md gives, with the addresses of a test."""

import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "proxies.md"

# Between two pieces of an answer; the page has 60s.
TIMEOUT = "5s"


def of(language):
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, f"docs/proxies.md has {len(blocks)} blocks of {language}"
    return blocks[0]


def filled(language, values):
    """The page's settings with each of these texts, all of which must be in it, replaced by another."""
    text = of(language)
    for old, new in values.items():
        assert old in text, f"docs/proxies.md no longer says {old!r} for {language}"
        text = text.replace(old, str(new))
    return text


def nodes(addresses):
    return dict(zip(("10.0.0.11:8080", "10.0.0.12:8080"), addresses, strict=True))
