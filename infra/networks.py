"""`python -m infra.networks`: write the READMEs' table of networks anew, from what each network declares."""

from pathlib import Path

from chalicelib.platforms import names, platform
from chalicelib.platforms.base import Platform

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "README.zh-CN.md")
BEGIN, END = "<!-- written by `python -m infra.networks` -->\n", "<!-- end of networks -->\n"
HEADS = {
    "README.md": "| Network | Publishes | Connects with | Tried against |\n|---|---|---|---|\n",
    "README.zh-CN.md": "| 平台 | 发布方式 | 连接方式 | 测试对象 |\n|---|---|---|---|\n",
}


def table(page: str) -> str:
    """Every network, how it publishes, what connecting asks for, and what its conversations were tried against."""
    return HEADS[page] + "".join(_row(platform(name)) for name in names())


def with_table(page: str, text: str) -> str:
    """The page with its table as it should be."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table(page) + END + rest.split(END)[1]


def _row(network: Platform) -> str:
    return f"| {network.title} | {network.publishing} | {network.auth.kind} | {network.tested} |\n"


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / name).write_text(with_table(name, (ROOT / name).read_text()))
