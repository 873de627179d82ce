"""What the demo's brand, who keep a bell tower, meant to do and did in its last weeks."""

from dataclasses import dataclass

from chalicelib.core.business_hours import BusinessHours
from chalicelib.core.kit import BannedTerms, Disclosure, Kit, StarterChoice
from chalicelib.core.plan import Goal, Holidays, Plan, Slot

PLAN = Plan(
    timezone="Europe/Berlin",
    goal=Goal(3, 4),
    slots=(Slot("mon", "09:30"), Slot("wed", "12:00"), Slot("fri", "16:00")),
    skip_days=("sat", "sun"),
    holidays=(Holidays("DE"),),
)
HOURS = BusinessHours("Europe/Berlin", dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ((9 * 60, 18 * 60),)))
KIT = Kit(
    avoid=("cheap", "billig"),
    banned=(BannedTerms(name="rivals", terms=("Campanile Inc.",)),),
    starter_lists=(StarterChoice(name="prc_advertising_law"),),
    disclosures=(Disclosure(label="paid_partnership", any_of=("#ad", "Anzeige", "广告")),),
)


@dataclass(frozen=True)
class Question:
    """A comment under the post on the first account."""

    text: str
    after: int
    """Minutes after the post was due."""
    answer: str | None = None
    took: int = 0
    """Minutes until the answer; without one they wait to this day."""


@dataclass(frozen=True)
class Story:
    """One post for both accounts, and what became of it."""

    text: str
    link: str | None = None
    late: tuple[float, float] = (0, 0)
    """Seconds after it was due at which the machine came to it, on each account."""
    missed: bool = False
    """The machine came to it when it had expired."""
    hasty: int | None = None
    """Its slot was let pass: it went out so many minutes after the next post that has none."""
    linkless: bool = False
    """On the second account somebody forgot the link."""
    source_hours: float | None = None
    """How long before it was due that happened which it is about."""
    question: Question | None = None


STORIES = (
    Story("Monday or Friday, the hour is the hour. #carillon", "https://example.com/bells"),
    Story(
        "The frost cracked a clapper last night. Here is what we do about it. #carillon",
        source_hours=2,
        question=Question("Will it ring at noon?", 25),
    ),
    Story(
        "Forty-nine bells, one evening: our winter concert. #carillon",
        "https://example.com/concert",
        linkless=True,
        question=Question("Are there seats?", 10, "There are: two hundred, first come, first served.", 4),
    ),
    Story("How a bell of four tonnes gets up a tower. #carillon", late=(14, 9)),
    Story(
        "九点整，一切安好。 #carillon",
        question=Question("哪一口钟最老？", 15, "低音 C，铸于 1711 年。", 3),
    ),
    Story("Ringers wanted: no experience, strong ears. #carillon", "https://example.com/ringers", missed=True),
    Story(
        "The city has lit the tower for the first time since the spring. #carillon",
        "https://example.com/tower",
        source_hours=20,
        question=Question("Until when?", 40, "Until eleven, every night of this week.", 12),
    ),
    Story("Why bells go out of tune, and why ours do not. #carillon", late=(0, 95)),
    Story(
        "A visit to the foundry, in five minutes. #carillon",
        "https://example.com/foundry",
        question=Question("Do you take school classes?", 20, "With joy: every Tuesday.", 55),
    ),
    Story("Hear them all at once: the great peal, recorded from inside. #carillon", "https://example.com/peal"),
    Story("What the bells are called, and after whom. #carillon", hasty=4),
    Story("One rope, one ringer, one hour: a portrait. #carillon", hasty=12),
    Story(
        "秋天的第一场音乐会。 #carillon",
        "https://example.com/autumn",
        question=Question("Is it outside?", 30, "On the square. Bring a blanket!", 6),
    ),
    Story("Oil, leather, patience: a day with our bell hanger. #carillon", late=(2, 0)),
    Story(
        "The quarter hours are back. #carillon",
        question=Question("At night, too?", 18, "No: from seven to ten.", 8),
    ),
    Story("Notes from the archive: the tower in 1911. #carillon", "https://example.com/archive"),
    Story("Three ways up, and none of them is short. #carillon"),
    Story("Why the ninth stroke is the loudest. #carillon", late=(0, 6)),
    Story("Climb with us: the tower is open all autumn. #carillon", "https://example.com/climb"),
)
"""The latest first: each is for one time of the plan."""
