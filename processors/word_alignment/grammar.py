"""Words of grammar, numerals and marks: what they usually are in English, which dictionaries describe instead of saying."""

from __future__ import annotations

_TABLE = """
的 's of ' | 之 's of | 地 | 得 | 们 | 了 have has had | 过 have has had ever | 着 while
是 is are was were be been am 's 're 'm being | 在 in at on 's | 于 in at on | 里 in inside | 中 in among during
内 within in | 上 on at in | 下 under below | 外 outside | 从 from since | 自 from since | 到 to until at
向 to towards | 往 to towards | 对 to for with about | 对于 for about to | 关于 about on | 就 on then just
给 to for give | 跟 with and to | 与 with and to | 和 and with | 及 and | 以及 and | 并 and | 并且 and
而且 and moreover | 而 and while but | 但 but | 但是 but | 不过 but however | 可是 but | 然而 however but
却 but yet | 虽然 although though | 尽管 although despite though | 如果 if | 若 if | 要是 if | 的话 if
只要 if long | 因为 because since as | 由于 due because to of | 所以 so therefore | 因此 therefore so thus
为了 for to order | 为 for is as to | 以 to with by | 被 by been was were be | 由 by from | 把 | 将 will to be
会 will would can | 要 will to want must be need | 想 want to would like | 能 can could able | 能够 can could able
可以 can could may | 可 can may | 可能 may might could maybe | 应 should | 应该 should | 应当 should shall
必须 must only | 需要 need needs | 需 need required | 得去 must | 不 not no n't don't never non
没 not no n't without | 没有 no not n't without | 未 not n't yet | 无 no without not | 非 not non
别 n't don't not stop | 勿 not don't n't | 请勿 not don't n't never | 不要 not don't n't | 不得 never not must
不能 cannot can't not | 不会 won't not n't never | 从来不 never | 从未 never | 不是 not isn't n't | 别的 other else
也 also too and | 都 all both every | 还 still also yet | 还有 still also and | 还是 or still | 又 again also
再 again | 再次 again | 才 only | 只 only just | 只有 only | 仅 only | 就是 is just | 刚 just | 刚才 just now
已 already have has | 已经 already have has | 正在 are is was were being | 曾 once had | 曾经 once had | 很 very so
非常 very extremely | 太 too so very | 更 more further | 最 most | 更加 more | 比 than | 多 more much many over
很多 many much lots | 许多 many | 少 few less fewer | 大约 about some around approximately | 大概 about probably
约 about some | 左右 about around | 一些 some few | 些 some | 几 few several some how | 每 every each per a
各 each every various | 所有 all | 全 all whole | 全部 all | 一切 everything all | 任何 any | 某 some certain a
其他 other others | 其它 other others | 其 its their his the | 其中 which them | 这 this these the that it
这个 this the | 这些 these the | 那 that those the | 那个 that the | 那些 those | 此 this | 该 the this should
本 this the | 这里 here | 那里 there | 这样 so this such like | 那么 so then as that | 这么 so this that
我 i me my mine i'm i've | 我们 we us our let's ours | 咱 we us our | 咱们 we us let's our
你 you your yours you've you're | 您 you your | 你们 you your | 他 he him his | 她 she her hers | 它 it its
他们 they them their | 她们 they them their | 它们 they them their
自己 self myself yourself himself herself itself themselves own | 自行 yourself themselves
大家 everyone everybody all | 人 people person one who | 谁 who whom anyone whose | 什么 what which any when
哪 which where | 哪里 where | 哪儿 where | 怎么 how | 怎样 how | 怎么样 how | 如何 how | 为什么 why | 为何 why
多少 how many much | 吗 ? | 呢 ? | 吧 ? let's | 时 when while during | 时候 when | 当 when | 之后 after
以后 after later | 后 after | 过后 after | 之前 before | 以前 before ago | 前 before ago | 期间 during | 直到 until
以上 above over | 以下 below following | 之间 between | 通过 through by via | 经过 after through | 据 according
根据 according to based | 按照 according to | 除了 except besides | 除非 unless | 否则 otherwise or | 即使 even if
或 or | 或者 or | 与其 rather than | 如 if as such like | 等 etc and | 让 let make | 使 make | 请 please
谢谢 thank thanks you | 一起 together | 有 have has there with had is are | 有人 someone anyone somebody
有没有 does any have is anyone do | 一下 | 一定 must surely necessarily definitely | 起 from | 起来 up | 去 to go
来 to come | 一 one a an first 1 once | 二 two second 2 | 两 two both 2 | 三 three third 3 | 四 four fourth 4
五 five fifth 5 | 六 six sixth 6 | 七 seven seventh 7 | 八 eight eighth 8 | 九 nine ninth 9 | 十 ten tenth 10
百 hundred hundreds | 千 thousand thousands | 万 thousand thousands million | 亿 million billion hundred | 一次 once
两次 twice | 第一 first one | 首次 first | 第二 second two | 第三 third three | 一半 half halfway
半年 six months half | 百分之 percent % | 百分点 percentage point points | 一成 ten percent | 点 o'clock | 号 number
个 | 昨天 yesterday yesterday's | 今天 today today's tonight | 明天 tomorrow tomorrow's | 今晚 tonight
今年 this year | 去年 last year | 明年 next year | 下个月 next month | 上个月 last month | 下 next | 次 time | 家
元 yuan | 块钱 yuan | 块 yuan | 。 . ! ? ; | ． . | ， , ; and | 、 , and | ； ; , . | ： : , | ？ ? | ！ ! .
“ " “ ' ‘ | ” " ” ' ’ | 「 " “ ' | 」 " ” ' | 『 " “ ' | 』 " ” ' | （ ( [ | ） ) ] | 《 " “ | 》 " ” | 【 [ (
】 ] ) | … … . | — - — – , | · . - | ％ % percent | % % percent | ～ - ~ –
"""

GRAMMAR: dict[str, frozenset[str]] = {
    chinese: frozenset(english)
    for line in _TABLE.strip().splitlines()
    for chinese, *english in (entry.split() for entry in line.split(" | "))
}
"""Chinese word or mark → English words in small letters; none where English has no word for it."""
