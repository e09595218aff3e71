"""Names as people in Jiangsu have them: surnames by frequency, given names by sex and time of birth.

Surname shares follow the national name report of 2010s (per ten thousand, rounded; leading surnames only);
given names are the commonest of each period, so that a name tells roughly how old its bearer is.
"""

from datetime import date

from county_nodes.draws import Draws, running_sum

_SURNAMES = (
    ("王", 720), ("李", 690), ("张", 760), ("陈", 520), ("刘", 430), ("徐", 330), ("朱", 300), ("周", 320),
    ("孙", 270), ("吴", 290), ("杨", 270), ("赵", 210), ("黄", 170), ("顾", 170), ("陆", 170), ("沈", 160),
    ("钱", 140), ("曹", 140), ("许", 150), ("胡", 140), ("高", 130), ("马", 130), ("丁", 130), ("蒋", 130),
    ("葛", 90), ("姜", 90), ("严", 80), ("杜", 80), ("董", 80), ("郭", 80), ("何", 80), ("季", 80), ("韩", 80),
    ("宋", 80), ("唐", 100), ("谢", 80), ("薛", 80), ("殷", 70), ("袁", 90), ("潘", 90), ("冯", 60), ("戴", 70),
    ("仇", 40), ("施", 60), ("金", 80), ("魏", 60), ("范", 60), ("夏", 60), ("邵", 60), ("俞", 40), ("卞", 30),
    ("倪", 40), ("成", 30), ("汤", 50), ("费", 30), ("邹", 30), ("史", 40), ("汪", 50), ("凌", 20), ("包", 20),
    ("欧阳", 6), ("诸葛", 2),
)  # fmt: skip

# Born before 1955, before 1980, before 2000, later.
_PERIODS = (date(1955, 1, 1).toordinal(), date(1980, 1, 1).toordinal(), date(2000, 1, 1).toordinal())
_GIVEN = {
    "male": (
        "德明 国富 正华 永康 金宝 福根 长庚 文彬 志高 根生 寿昌 宝林 炳生 兆兰 学礼 广才 玉山 春林 树德 耀祖",
        "建国 建军 国强 志强 卫东 建平 小明 永强 爱民 红兵 海军 建华 伟 勇 军 斌 明 平 国平 学军 卫国 永林",
        "伟 磊 强 鹏 超 杰 涛 浩 俊 亮 峰 凯 晨 飞 宇 波 翔 洋 健 龙 志伟 文杰 晓东 海涛 俊杰 家豪",
        "浩宇 子轩 宇轩 梓涵 子涵 浩然 俊熙 博文 天佑 皓轩 宇航 铭泽 佳豪 奕辰 睿 泽洋 嘉诚 晨曦 志远 一诺",
    ),
    "female": (
        "秀英 桂英 玉兰 秀兰 桂兰 凤英 素珍 玉英 兰英 桂珍 秀珍 凤兰 巧云 金娣 招娣 玉珍 淑华 文英 翠英 美珍",
        "丽华 秀梅 建芳 红梅 爱华 玉梅 桂芳 美华 小红 春梅 萍 芳 霞 敏 玲 艳 红 娟 秀琴 月华 云霞 国芳",
        "静 丽 娜 敏 婷 燕 慧 莉 洁 倩 雪 颖 丹 琳 佳 晶 薇 梦 蕾 璐 晓燕 文静 雅婷 海燕 佳佳 思雨",
        "欣怡 子涵 梓涵 雨涵 诗涵 可馨 欣妍 佳怡 雨桐 思涵 梦琪 语嫣 诗琪 紫萱 依诺 若曦 雅涵 婉清 晨曦 一诺",
    ),
}
_FAMILIES = tuple(name for name, _ in _SURNAMES)
_FAMILY_WEIGHTS = running_sum([weight for _, weight in _SURNAMES])
_GIVEN_LISTS = {sex: tuple(tuple(line.split()) for line in lines) for sex, lines in _GIVEN.items()}


def family_name(draws: Draws) -> str:
    """Return a surname, by its share."""
    return _FAMILIES[draws.weighted(_FAMILY_WEIGHTS)]


def given_name(sex: str, birth_ordinal: int, draws: Draws) -> str:
    """Return a given name that fits a sex (`male`, `female`) and a day of birth (proleptic ordinal)."""
    period = sum(birth_ordinal >= start for start in _PERIODS)
    return draws.pick(_GIVEN_LISTS[sex][period])
