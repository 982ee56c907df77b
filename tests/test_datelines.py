"""Datelines of news reports are said by the dictionary, or left to the model where it lacks a name."""

from __future__ import annotations

import pytest
from duiyi.processors.datelines import dateline_of


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("新华社拉萨3月5日电（记者王小红、李明）昨天夜里", "Xinhua News Agency, Lhasa, March 5 (reporters Wang Xiaohong and Li Ming) –"),
        ("新华社内罗毕2024年３月５日专电 多家医院", "Xinhua News Agency, Nairobi, March 5, 2024 –"),
        ("路透社伦敦12日电——三家公司", "Reuters, London, the 12th –"),
        ("（吉隆坡21日讯）三家公司", "Kuala Lumpur, the 21st –"),
        ("中新社昆明1月1日電（記者欧阳春、赵一、钱二）今年", "China News Service, Kunming, January 1 (reporters Ouyang Chun, Zhao Yi and Qian Er) –"),
    ],
)  # fmt: skip
def test_a_dateline_in_english(chinese: str, english: str) -> None:
    found = dateline_of(chinese)
    assert found is not None
    assert found.english == english
    assert chinese[found.end :] in {"昨天夜里", "多家医院", "三家公司", "今年"}


@pytest.mark.parametrize(
    "chinese",
    [
        "他3月5日来电",
        "某某晨报3月5日讯（记者王红）今天",
        "新华社拉萨3月5日电（记者约翰·史密斯先生）说",
        "今天3月5日，电影上映",
        "公司3月5日电话会议",
        "新华社记者3月5日电 今天",
        "新华社拉萨0月5日电 今天",
        "新华社拉萨3月5日电（记者 王丽 通讯员 李明）今天",
    ],
)
def test_what_is_none_or_has_a_name_that_is_not_known_is_left_alone(chinese: str) -> None:
    found = dateline_of(chinese)
    assert found is None or "史密斯" in chinese[found.end :]
