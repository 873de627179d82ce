"""Writes the goldens anew: `make goldens`. What is known to be wrong (`KNOWN`) stays as a person wrote it."""

from tests.posts.goldens import actual, expected, path, posts, written
from tests.posts.known import KNOWN


def main() -> None:
    """Write every post's file, and say which changed."""
    for name in posts():
        kept = {platform: entry for platform, entry in expected(name).items() if (name, platform) in KNOWN}
        file, text = path(name), written({**actual(name), **kept}) + "\n"
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            print(f"rewrote {file}")
    print("review with: git diff tests/posts/renditions")


if __name__ == "__main__":
    main()
