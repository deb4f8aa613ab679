"""Sites where photos are given to an AI assistant: the private is hidden there, and the rest stays useful."""

from __future__ import annotations

from photoveil.settings.hosts import parents

SITES = frozenset(
    {
        "aistudio.google.com",
        "chat.deepseek.com",
        "chat.mistral.ai",
        "chat.qwen.ai",
        "chatgpt.com",
        "claude.ai",
        "copilot.microsoft.com",
        "duck.ai",
        "gemini.google.com",
        "grok.com",
        "kimi.com",
        "m365.cloud.microsoft",
        "meta.ai",
        "notebooklm.google.com",
        "perplexity.ai",
        "pi.ai",
        "poe.com",
        "you.com",
    }
)
"""The extension's manifest lists the same (a test compares)."""


def is_assistant(host: str) -> bool:
    """Whether ``host``, taken as it comes, is such a site or below one."""
    return any(name in SITES for name in parents(host))
