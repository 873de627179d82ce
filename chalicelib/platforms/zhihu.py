"""Zhihu: an article in markdown with a title, for its document import. It has no publishing API."""

from dataclasses import replace

from chalicelib.core.conversation import Bundle, Job
from chalicelib.core.rules import Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.kinds import Assisted

HABIT = Source("https://www.zhihu.com", "2026-11-22", "default")


class Zhihu(Assisted):
    """Articles."""

    name = "zhihu"
    title = "Zhihu 知乎"
    where = "https://zhuanlan.zhihu.com/write"
    rules = Rules(
        platform="zhihu",
        source=HABIT,
        text=Text(markup="markdown"),
        title=Title(mode="required", limit=100),
        media=Media(mixed=("image", "gif")),
        image=Medium(count=None, alt="optional"),
        gif=Medium(count=None, alt="optional"),
    )

    def bundle(self, job: Job) -> Bundle:
        """The import fetches the pictures that the document names."""
        media = [one for part in job.rendition.parts for one in part.media]
        pictures = [f"![{one.alt_text or ''}]({one.url})" for one in media]
        plain = super().bundle(job)
        return replace(plain, text="\n\n".join((plain.text, *pictures)))


platform = Zhihu()
