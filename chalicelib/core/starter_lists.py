"""Lists of terms to begin with, each term with what it rests on. None is legal advice, and none is complete.

A list names what is written in a law apart from what authorities and courts make of it: a brand may take the first as
an error and the second as a warning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Basis = Literal["law", "ruling", "practice"]
"""`law`: the word stands in the law. `ruling`: an authority has said in writing that it means the same. `practice`:
it has cost somebody a fine, or an authority or those who warn of such fines name it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where something was read."""

    url: str
    date: str
    """Of what is there, ISO."""
    about: str


@dataclass(frozen=True, slots=True)
class ListedTerm:
    """A term, what it rests on, and where that was read."""

    term: str
    basis: Basis
    source: Source


@dataclass(frozen=True, slots=True)
class StarterList:
    """A list that a brand may switch on by its name."""

    name: str
    title: str
    about: str
    source: Source
    checked: str
    """When its sources were last read, ISO."""
    terms: tuple[ListedTerm, ...]
    exceptions: tuple[str, ...]
    """Longer terms in which one of the list's means something else."""
    not_in: tuple[str, ...] = ()
    """Languages that write these very characters and are not meant: a post that says it is in one is left alone."""


def _terms(basis: Basis, source: Source, terms: str) -> tuple[ListedTerm, ...]:
    return tuple(ListedTerm(term, basis, source) for term in terms.split())


_LAW = Source(
    "https://www.jingyinlaw.com/zxzx/6853.html",
    "2015-04-24",
    "中华人民共和国广告法, Article 9(3), in the words it has had since the revision of that day; quoted in full there",
)
_TOP_QUALITY = Source(
    "https://xj.zkzxpx.net/xj/zcfg/qtfg/101626999973996.html",
    "1997-08-07",
    "工商广字[1997]第207号: 极品 means the same as 最高级 and 最佳 (under Article 7 of the law of 1994, now Article 9)",
)
_FIRST_BRAND = Source(
    "https://m.food12331.com/authority/gujiafagui/414765.html",
    "1997-09-16",
    "工商广字[1997]第225号: 第一品牌 means the same as 最佳 (under Article 7 of the law of 1994, now Article 9)",
)
_NOTICE = Source(
    "http://www.shenlannews.com/dispatch/735672",
    "2026-03-13",
    "市场监管总局《关于强化广告中提示性用语监管工作的通知》, as reported: claims of 第一, 首创, 最佳 made at will",
)
_MENGZI = Source(
    "http://www.hh.gov.cn/szhh/gsgg/202007/t20200721_458137.html",
    "2020-07-21",
    "红河州市场监督管理局: fine of 200,000 yuan for 首席, 首创, 全球, 唯一",
)
_HONGKOU = Source(
    "https://www.jingyinlaw.com/zxzx/6853.html",
    "2015-10-31",
    "上海市虹口区市场监督管理局: fine for 史无前例 and 全球首款 in a shop of October 2015",
)
_NINGDE = Source(
    "http://www.mnw.cn/news/nd/2049641.html",
    "2018-08-22",
    "闽东日报: fine of 70,000 yuan for 最正宗 and 最佳 in a WeChat post; also what is usually no claim",
)
_ADVICE = Source(
    "https://mit.51dongshi.com/dadarcrd/rcrregcgr",
    "2023-04-13",
    "advice to merchants, no authority: words that regulators object to, and words without objective proof",
)
_OLDER_ADVICE = Source(
    "https://hoho.im/2015/09/03/wechat-2015-09-03-012527/",
    "2015-09-03",
    "advice to merchants, no authority: what was passed around when the law of 2015 came into force",
)
_GUIDE = Source(
    "https://junhe.com/legal-updates/2095",
    "2023-03-20",
    "市场监管总局《广告绝对化用语执法指南》 (2023年第6号), with a law firm's commentary",
)

_NO_CLAIMS = """
    第一次 第一时间 第一時間 第一天 第一步 第一个 第一個 第一章 第一节 第一節 第一条 第一條 第一项 第一項
    第一版 第一期 第一季
    第一届 第一屆 第一场 第一場 第一部 第一批 第一站 第一课 第一課 第一集 第一卷 第一页 第一頁 第一人称
    第一人稱 第一现场 第一現場
    第一夫人 第一眼 第一财经 第一线 第一線 第一轮 第一輪 第一年 第一周 第一週 第一阶段 第一階段 第一代 第一位
    第一手 第一封 第一篇
    第一层 第一層 第一排 顾客第一 顧客第一 客户第一 客戶第一 用户第一 用戶第一 安全第一
    最佳实践 最佳實踐 最佳方法 最佳时间 最佳時間 最佳时机 最佳時機 最佳食用 最佳赏味 最佳賞味 最佳保质期
    国家级非物质文化遗产 国家级非遗 国家级自然保护区 国家级新区 国家级文物保护单位 最高人民法院 最高法
    最高人民检察院 最高检
    最高气温 最高氣溫 最低气温 最低氣溫 最高温度 最低温度 最高值 最低值 最大值 最大化 最大限度 最低工资
    最低工資 最低生活保障
    最低消费 最低消費 最大户型 最大戶型 唯一授权 唯一标识 唯一標識 唯一编号 唯一編號 唯一码 万能钥匙 萬能鑰匙
    首席执行官 首席執行官 首席技术官 首席运营官 首席财务官 首席科学家 首席代表 首席记者 首席小提琴
"""
"""What comes first in time or space, hints for use, names that the state gives, figures, titles, mottos.

The kinds are those of the guide of 2023 and of what the officials of Ningde said; the words are ours.
"""

_ADVERTISING_LAW = StarterList(
    name="prc_advertising_law",
    title="Absolute claims, PRC Advertising Law, Article 9(3) · 广告法第九条第三项 绝对化用语",
    about="The law names three words and ends with “等” (and the like). It is about advertisements for goods and"
    " services in mainland China; the guide of 2023 exempts, among others, words that are not about the goods,"
    " comparisons with oneself, hints for use, and facts that can be proved: add these to your exceptions.",
    source=_GUIDE,
    checked="2026-11-23",
    terms=(
        *_terms("law", _LAW, "国家级 國家級 最高级 最高級 最佳"),
        *_terms("ruling", _TOP_QUALITY, "极品 極品"),
        *_terms("ruling", _FIRST_BRAND, "第一品牌"),
        *_terms("practice", _NOTICE, "第一 首创 首創"),
        *_terms("practice", _MENGZI, "首席 唯一"),
        *_terms("practice", _HONGKOU, "史无前例 史無前例 全球首款"),
        *_terms("practice", _NINGDE, "最正宗"),
        *_terms("practice", _ADVICE, "顶级 頂級 顶尖 頂尖 绝无仅有 絕無僅有 空前绝后 空前絕後 世界领先 世界領先"),
        *_terms(
            "practice", _ADVICE, "销量冠军 銷量冠軍 最先进 最先進 最大 最低 最高 最具 首选 首選 巅峰 巔峰 万能 萬能"
        ),
        *_terms(
            "practice", _OLDER_ADVICE, "独一无二 獨一無二 世界级 世界級 最便宜 最受欢迎 最受歡迎 全国首家 全國首家"
        ),
        *_terms("practice", _OLDER_ADVICE, "前无古人 前無古人 极致 極致 终极 終極 王牌 领袖品牌 領袖品牌 top1 no.1"),
    ),
    exceptions=tuple(_NO_CLAIMS.split()),
    not_in=("ja", "ko"),
)

STARTER_LISTS: Mapping[str, StarterList] = {one.name: one for one in (_ADVERTISING_LAW,)}
