"""Each fault of a translation is flagged, good translations are not."""

from __future__ import annotations

import pytest
from duiyi.processors.checks import flags_of, length_deviation, longest_loop
from duiyi.processors.numbers import (
    chinese_numerals,
    english_numbers,
    invented_numbers,
    missing_numbers,
    numbers_mended,
    with_plain_years,
)
from duiyi.processors.records import Hypothesis
from duiyi.processors.settings import CheckSettings


def flags(chinese: str, english: str, *, truncated: bool = False) -> tuple[str, ...]:
    return flags_of(chinese, Hypothesis(english, -0.1, truncated), CheckSettings())


@pytest.mark.parametrize(
    ("chinese", "english", "expected"),
    [
        ("他们是谁", "who are 他们", "untranslated_han"),
        ("这个词怎么说", "the the the the the the", "repetition"),
        ("我觉得这家店不错", "I think I think I think I think it is good", "repetition"),
        ("我今天早上在公司楼下的咖啡店等了你很久", "Waited", "length_ratio"),
        ("好的谢谢你", " ".join(f"word{chr(97 + i)}" for i in range(26)) * 2, "length_ratio"),
        ("这台手机卖2999元", "This phone costs 2,899 yuan", "number_mismatch"),
        ("价格没有变", "The price is 15 yuan", "number_mismatch"),
        ("我们下周一去学校看他们", "We will visit them at school next Friday", "number_mismatch"),
        ("大家好", "大家好", "echo"),
        ("你好", "  ", "empty"),
    ],
)
def test_faults_are_flagged(chinese: str, english: str, expected: str) -> None:
    assert expected in flags(chinese, english)


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("会议定在3月5日下午2点半。", "The meeting is on March 5 at half past two in the afternoon."),
        ("这台手机卖2999元。", "This phone costs 2,999 yuan."),
        ("他赚了5万块。", "He made 50,000 yuan."),
        ("公司去年卖了1.2亿台。", "The company sold 120 million units last year."),
        ("我们有两个孩子。", "We have 2 children."),
        ("哈哈哈哈哈哈", "Ha ha ha ha ha ha"),
        ("２０２４年", "2024"),
        ("第3名", "Third place"),
        ("8点开会", "Meeting at 8:00"),
        ("15:30出发", "Departure at 3:30 pm"),
        ("老板说下周一定要上线。", "The boss said it must go live next week."),
        ("我们每周一次打扫楼梯。", "We clean the stairs once a week."),
        ("一周五天都要上班。", "We work five days a week."),
        ("下周一一定要交。", "It must be handed in next Monday."),
        ("他今年20岁", "He is twenty years old"),
        ("今年35岁", "thirty-five years old"),
        ("销量增长了50%", "Sales grew by half"),
        ("95后", "Born after 1995"),
        ("①打开设置", "1. Open settings"),
        ("好,500元", "OK, 500 yuan"),
        ("我们使用 GPU 训练模型。", "We use GPUs to train models."),
        ("好", "Okay, that is fine"),
    ],
)
def test_good_translations_are_not_flagged(chinese: str, english: str) -> None:
    assert flags(chinese, english) == ()


def test_truncated_output_is_flagged() -> None:
    assert flags("今天的天气真的很好啊", "The weather is really nice today, and", truncated=True) == ("truncated",)


def test_figures() -> None:
    assert longest_loop("a b a b a b c") == 3
    assert longest_loop("one two three") == 1
    assert abs(length_deviation("我们使用 GPU", "We use GPUs here")) < 0.1
    assert missing_numbers("共12人，花费300元", "12 people") == {"300"}
    assert invented_numbers("共12人", "12 people, 5 cars") == {"5"}
    assert invented_numbers("十次行动发生在1944年1月", "10 actions in January 1934") == {"1934"}
    assert invented_numbers("十次行动，参加者有一千二百人", "10 actions by 1,200 people and 25 cars") == set()
    assert invented_numbers("八十多万人走了二万五千里", "800,000 walked 12,500 km") == set()
    assert invented_numbers("上万人和数百万元", "more than 10,000 people and 2,500,000 yuan") == set()


def test_endless_output_is_checked_at_once() -> None:
    assert "repetition" in flags("版本", "1." * 50_000 + " " + "very " * 5_000)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("三千", "3000"),
        ("二十五", "25"),
        ("十二", "12"),
        ("一百零五", "105"),
        ("三万五", "35000"),
        ("两亿三千万", "230000000"),
        ("二〇二四", "2024"),
        ("一千零一", "1001"),
    ],
)
def test_chinese_numerals_have_values(said: str, value: str) -> None:
    assert chinese_numerals(f"一共{said}个") == {said: value}


@pytest.mark.parametrize(
    "text", ["十分感谢", "万一下雨", "一起去", "三三两两", "三四个人", "老百姓", "千万别去", "一二三四"]
)
def test_what_counts_nothing_is_no_number(text: str) -> None:
    assert chinese_numerals(text) == {}


@pytest.mark.parametrize(
    ("chinese", "english", "expected"),
    [
        ("市值2.3亿美元", "Market value of 2.3 billion dollars", ("number_mismatch",)),
        ("市值2.3亿美元", "Market value of 230 million dollars", ()),
        ("他们一年光利息就要付 RM6 million。", "They will pay RM6 million in interest for one year.", ()),
        (
            "他们一年光利息就要付 RM6 million。",
            "They will pay RM6 billion in interest for one year.",
            ("number_mismatch",),
        ),
        ("他借了三千块", "He borrowed 3,000 yuan", ()),
        ("他借了三千块", "He borrowed three thousand yuan", ()),
        ("他借了三千块", "He borrowed 300 yuan", ("number_mismatch",)),
        ("全校二百五十人", "Two hundred and fifty people in the whole school", ()),
        ("2021.6.11发布", "Released on 11 June 2021", ()),
        ("二〇二四年成立", "Founded in 2024", ()),
        ("2021年3月-9月修了三座桥", "2021-3-9, three bridges were repaired", ("number_mismatch",)),
        ("2021年3月-9月修了三座桥", "Three bridges were repaired from March to Sept. 2021", ()),
        ("2021年3月修了三座桥", "Three bridges were repaired (3/2021)", ()),
        ("工程要3个月，3月5日开始", "The work takes 3 months and starts on 3/5", ()),
        ("我们用 Kubernetes 部署", "We deploy with Kubernetes", ()),
        ("我们用 Kubernetes 部署", "We deploy it with containers", ("guest_missing",)),
        ("明天 meeting 改到下午", "Tomorrow's meetings are moved to the afternoon", ()),
        ("好的 lah 没问题", "Fine, no problem", ()),
    ],
)
def test_numbers_and_guests_are_compared_by_what_they_mean(
    chinese: str, english: str, expected: tuple[str, ...]
) -> None:
    assert flags(chinese, english) == expected


@pytest.mark.parametrize(
    ("chinese", "english", "mended"),
    [
        ("票房一共 460 万元", "The box office was 460 million yuan.", "The box office was 4.6 million yuan."),
        ("50亿和300亿", "50 billion and 300 billion", "5 billion and 30 billion"),
        ("运走了0.38万箱", "0.38 million boxes went", "3800 boxes went"),
        ("5个人花了50亿", "5 people spent 50 billion", "5 people spent 5 billion"),
        ("3.门口能停车吗？", "Is there parking?", "3. Is there parking?"),
        ("1）收货地址", "Address", "1) Address"),
        ("600万，6万元", "600,000 and 6,000 yuan", "600,000 and 6,000 yuan"),  # which is which?
        ("共9731件", "9732 pieces in all", "9732 pieces in all"),
        ("价格是5万元", "The price is 50,000 yuan.", "The price is 50,000 yuan."),
    ],
)
def test_numbers_with_a_wrong_scale_are_put_right_and_others_left(chinese: str, english: str, mended: str) -> None:
    assert numbers_mended(chinese, english) == mended


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("第十七回 猴子下山", "Seventeenth chapter: the monkey leaves the mountain"),
        ("像6600，7700这样的门牌", "doors such as 6600, 7700"),
        ("吃住玩三位一体的小镇", "a town that has food, beds and fun in one"),
    ],
)
def test_numbers_said_otherwise_are_there(chinese: str, english: str) -> None:
    assert missing_numbers(chinese, english) == set()


def test_a_year_is_written_as_one() -> None:
    assert with_plain_years("1944年6月有1944人", "In June 1,944, 1,944 people") == "In June 1944, 1944 people"
    assert with_plain_years("共1944人", "1,944 people") == "1,944 people"
    assert with_plain_years("2000年共200万人", "2,000,000 people, 12,000 of them") == "2,000,000 people, 12,000 of them"


@pytest.mark.parametrize(
    ("chinese", "lost", "told"),
    [
        ("12月11日10时30分开会", {"11", "12"}, {"12月11日": "December 11"}),
        ("12月11日有1人，11日有2人", {"1", "11"}, {"12月11日": "December 11", "11日": "the 11th", "1": "1"}),
        ("2021年有20人", {"20"}, {"20": "20"}),
        ("共5日元，连续5日上涨", {"5"}, {"5": "5"}),
        ("过去三十年打8折", {"三十", "8折"}, {"三十": "30", "8折": "20% off"}),
        ("2024 年 3 月的会", {"3 月", "2024"}, {"2024 年 3 月": "March 2024"}),
    ],
)
def test_lost_numbers_are_told_as_english_writes_them(chinese: str, lost: set[str], told: dict[str, str]) -> None:
    assert english_numbers(chinese, lost) == told
