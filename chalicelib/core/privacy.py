"""What is kept of people, and how long."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

TEXT_DAYS = 30
"""For how many days what people wrote is kept, unless the workspace says otherwise."""
MOST_TEXT_DAYS = 90
SHORTER = {"linkedin": timedelta(hours=24)}
"""Where a network's terms allow less: LinkedIn, social activity of its members, whatever a workspace says
(https://learn.microsoft.com/en-us/linkedin/marketing/data-storage-requirements, read 2026-11-22)."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What a workspace wants kept of people."""

    text_days: int = TEXT_DAYS
    erased: dict[str, datetime] = field(default_factory=dict)
    """Who is forgotten, by a stand-in of their stand-in, and since when: so that nothing late brings them back."""

    def kept(self, platform: str) -> timedelta:
        """How long what somebody wrote on a network is kept."""
        return min(timedelta(days=self.text_days), SHORTER.get(platform, timedelta.max))
