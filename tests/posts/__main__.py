"""Writes the goldens anew: `make goldens`."""

from tests.posts.goldens import actual, path, posts, written


def main() -> None:
    """Write every post's file, and say which changed."""
    for name in posts():
        file, text = path(name), written(actual(name)) + "\n"
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            print(f"rewrote {file}")
    print("review with: git diff tests/posts/renditions")


if __name__ == "__main__":
    main()
