"""Texts as people write them, and as nobody should: the strategies that the properties draw from."""

from hypothesis import strategies as st

WORDS = st.sampled_from(
    [
        "bell",
        "tower",
        "rings",
        "Ghent",
        "naïve",
        "Zürich",
        "привет",
        "ελληνικά",
        "שלום",
        "مرحبا",
        "नमस्ते",
        "สวัสดี",
        "你好",
        "世界",
        "春天来了",
        "こんにちは",
        "鐘が鳴る",
        "안녕하세요",
        "a",
        "I",
        "é",
        "ﬁ",
        "1",
        "23",
        "2026",
        "Ⅷ",
        "½",
        "ｆｕｌｌ",
        "don't",
        "o'clock",
        "e.g.",
        "U.S.A.",
    ]
)
EMOJI = st.sampled_from(
    [
        "😀",
        "👨\u200d👩\u200d👧\u200d👦",
        "👍🏽",
        "🇩🇪",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "1️⃣",
        "❤️",
        "❤",
        "☎︎",
        "©",
        "🧑\u200d🩰",
        "🇩",
        "🫩",
    ]
)
LINKS = st.sampled_from(
    [
        "https://example.com",
        "http://example.org/a_(b)?c=d&e=f#g",
        "example.com",
        "sub.example.co.uk/path",
        "https://例子.中国/路径",
        "HTTPS://EXAMPLE.COM/A",
        "https://example.com/%E4%BD%A0",
        "http://localhost:3000/x",
        "https://t.co/abc",
        "ftp://example.com",
    ]
) | st.integers(1, 400).map(lambda size: "https://example.com/" + "x" * size)
TAGS = st.sampled_from(
    [
        "#bells",
        "#春天",
        "#春天来了#",
        "#a_b",
        "#1",
        "#1a",
        "#日本語の鐘",
        "＃wide",
        "#été",
        "#a#b",
        "#a.b",
        "#",
        "##",
        "$AAPL",
        "$a",
        "$ABCDEFGH",
        "#नमस्ते",
    ]
)
MENTIONS = st.sampled_from(
    [
        "@acme",
        "@a.b",
        "@user@example.social",
        "@小米",
        "@user.bsky.social",
        "joe@example.com",
        "@",
        "@@x",
        "＠wide",
        "@acmecorp",
    ]
)
PUNCTUATION = st.sampled_from(
    [
        ".",
        "!",
        "?",
        "…",
        "。",
        "！",
        "？",
        "，",
        "、",
        "；",
        "：",
        ",",
        ";",
        ":",
        "(",
        ")",
        "「",
        "」",
        "（",
        "）",
        "*",
        "_",
        "~",
        "`",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        "|",
        "\\",
        "&",
        '"',
        "'",
        "/",
        "-",
        "=",
        "+",
        "^",
        "%",
        "#",
        "@",
    ]
)
SPACES = st.sampled_from([" ", "  ", "\n", "\n\n", "\t", "\u3000", "\u00a0", "\u200b", "\r\n", " \u0301"])
ODD = st.characters(exclude_categories=["Cs"])
ATOMS = st.one_of(WORDS, WORDS, WORDS, SPACES, SPACES, EMOJI, LINKS, TAGS, MENTIONS, PUNCTUATION, ODD)

fragments = st.lists(ATOMS, max_size=12).map("".join)
"""Short texts in which anything may touch anything."""
prose = st.lists(st.one_of(WORDS, WORDS, EMOJI, TAGS, LINKS, MENTIONS), max_size=60).map(" ".join)
"""Longer texts of whole words."""
lengthy = st.tuples(st.lists(ATOMS, min_size=1, max_size=12).map("".join), st.integers(1, 25)).map(
    lambda t: t[0] * t[1]
)
"""Texts that overflow most networks."""
texts = fragments | prose | lengthy
