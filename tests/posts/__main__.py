"""Writes the goldens anew: `make goldens`. What is known to be wrong (`KNOWN`) gets the reason in place of a golden."""

from tests.posts.goldens import actual, path, posts, written
from tests.posts.known import KNOWN


def main() -> None:
    """Write every post's file, and say which changed."""
    for name in posts():
        wrong = {platform: {"wrong": why} for (post, platform), why in KNOWN.items() if post == name}
        file, text = path(name), written({**actual(name), **wrong}) + "\n"
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            print(f"rewrote {file}")
    print("review with: git diff tests/posts/renditions")


if __name__ == "__main__":
    main()
