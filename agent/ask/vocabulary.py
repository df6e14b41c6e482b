"""The words by which questions are understood: a table of topics, one of faults and parts.

English is matched by whole words of the question in lower case, Chinese as it stands.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple


class Topic(StrEnum):
    """What can be asked of an incident."""

    WHAT = "what"
    WHY = "why"
    WHY_NOT = "why_not"
    SINCE = "since"
    SURE = "sure"
    URGENT = "urgent"
    AFFECTED = "affected"
    FIRST = "first"
    AVOID = "avoid"
    SENSOR = "sensor"
    RULED_OUT = "ruled_out"
    OVER = "over"
    LIMIT = "limit"
    ACKNOWLEDGED = "acknowledged"


class Words(NamedTuple):
    """Two patterns of which either may be in a question."""

    english: str
    chinese: str

    def are_in(self, question: str) -> bool:
        """Whether a question in lower case has them."""
        whole = rf"(?<![a-z0-9_])(?:{self.english})(?![a-z0-9_])"
        return bool(re.search(whole, question) or (self.chinese and re.search(self.chinese, question)))


# The first topic whose words are in the question is meant: what is particular stands before what is general.
TOPICS: tuple[tuple[Topic, Words], ...] = (
    (
        Topic.ACKNOWLEDGED,
        Words(
            r"ack\w*|who (?:has |is |was )?(?:seen|saw|took|taken|taking|handl\w+|work\w+|look\w+)"
            r"|(?:anyone|anybody|someone|somebody) (?:\w+ )?(?:work|look|handl|see)\w*",
            "确认了|谁.*(?:确认|处理|接手|负责)|有人.*处理",
        ),
    ),
    (
        Topic.LIMIT,
        Words(
            r"how (?:long|much time|soon)[^?]*(?:limit|until|till|left|before|shut ?down|trips?|throttl\w*)"
            r"|time (?:to|until|left)[^?]*|when will it \w+|eta",
            "多久.*(?:上限|极限|阈值|跳|关机|过热)|(?:还有|还剩)多(?:久|长时间)|距.*上限|剩余时间",
        ),
    ),
    (
        Topic.AVOID,
        Words(
            r"(?:not|never|don'?t|nothing) (?:to )?(?:touch|do|pull|open|restart|reboot|change|swap)|avoid"
            r"|leave (?:\w+ )?alone|hands? off|careful|unsafe|danger\w*|safe to \w+|safely",
            "不要|不能|不该|切勿|禁止|别动|别碰|避免|小心|危险|能不能(?:动|拔|开|重启)",
        ),
    ),
    (
        Topic.RULED_OUT,
        Words(r"ruled? out|exclud\w+|what (?:is it not|it isn'?t|is it n[o']t)|eliminat\w+", "排除|不是什么"),
    ),
    (
        Topic.FIRST,
        Words(
            r"what (?:do|should|can|must|would) (?:i|we|one|you) (?:do|check|try)|first|next steps?|actions?"
            r"|how (?:do|can|should|to) (?:i |we )?(?:fix|repair|solve|proceed)|what to do|fix|remed\w+",
            "先做|怎么办|(?:如何|怎么|怎样)处理|怎么修|首先|第一步|措施|该做|步骤",
        ),
    ),
    (
        Topic.SURE,
        Words(
            r"how (?:sure|certain|confident|likely|reliable)|confidence|certain(?:ty)?|are you sure"
            r"|false alarm|probab\w+",
            "多(?:确定|肯定|可靠)|把握|置信|可信|误报|概率|确定吗",
        ),
    ),
    (
        Topic.OVER,
        Words(
            r"(?:is|was|has) (?:it|this|that|everything)(?: been)? (?:still )?(?:over|done|finished|solved"
            r"|resolved|fixed|gone|ongoing|ended)|is (?:it|this) ok|still \w+|ended?|recovered|ongoing|over",
            "结束|恢复|还在|解决|好了|持续中",
        ),
    ),
    (
        Topic.SINCE,
        Words(
            r"since|when|how long|what time|start\w*|beg[aiu]n\w*|onset|duration",
            "何时|什么时候|几点|多久|开始|从哪",
        ),
    ),
    (
        Topic.AFFECTED,
        Words(
            r"affect\w*|impact\w*|which (?:hosts?|servers?|machines?|racks?)|(?:what|who|anything) else"
            r"|how many|spread\w*|blast radius|consequences?|other (?:hosts?|servers?|machines?)",
            "影响|波及|哪些|哪台|还有什么|多少台|范围|后果",
        ),
    ),
    (
        Topic.URGENT,
        Words(
            r"urgent\w*|severity|how (?:bad|serious|severe|critical)|priority|p[123]", "严重|紧急|级别|优先级"
        ),
    ),
    (
        Topic.SENSOR,
        Words(
            r"reads?|readings?|values?|measur\w+|show(?:s|ed|n)?|report(?:s|ed)?",
            "读数|数值|多少|显示|测得|读到",
        ),
    ),
    (
        Topic.WHY,
        Words(
            r"why|evidence|reasons?|because|proof|prove|how do you know|cause[ds]?|explain",
            "为什么|为何|依据|证据|原因|理由|凭什么",
        ),
    ),
    (
        Topic.WHAT,
        Words(
            r"what(?:'?s| is| was| has)? (?:it|this|that|wrong|happen\w*|going on)|summar\w+|describe"
            r"|tell me (?:about|more|what)|overview|happened|(?:what|which) (?:fault|problem)",
            "怎么了|发生|什么(?:故障|问题|情况|事)|概述|总结|摘要",
        ),
    ),
)
# With a fault or part named: it is asked whether, or why, it is not that one.
DENIAL = Words(
    r"not|\w+n't|rather than|instead of|(?:could|might|can|may) (?:\w+ )*(?:it|be|cause)|maybe|or is it"
    r"|is (?:it|this) (?:a|an|the)",
    "不是|而不是|难道|会不会|是不是|可能是",
)
# A fault's or part's words → the classes that are meant, the likeliest first.
CLASSES: tuple[tuple[tuple[str, ...], Words], ...] = (
    (("fan_degradation",), Words(r"fan (?:degradation|wear)|bearings?|slow fan", "风扇老化|轴承")),
    (("fan_failure", "fan_degradation"), Words(r"fans?\d*|tacho\w*|rotors?", "风扇")),
    (
        ("airflow_blockage",),
        Words(r"air ?flow\w*|filters?|dust\w*|block\w+|bezel", "风道|滤网|堵塞|灰尘|气流"),
    ),
    (("heatsink_degradation",), Words(r"heat ?sinks?|(?:thermal )?paste|tim", "散热器|导热")),
    (("cpu_throttling",), Words(r"throttl\w+", "降频")),
    (("power_cap",), Words(r"power (?:cap|limit)\w*|capp\w+", "封顶|功率限制|限功率")),
    (("psu_efficiency",), Words(r"efficiency", "效率")),
    (("psu_imbalance",), Words(r"psu imbalance|(?:current|load) shar\w+", "均流")),
    (
        ("psu_failure", "psu_imbalance", "psu_efficiency"),
        Words(r"psus?\d*|(?:power )?suppl(?:y|ies)", "电源(?!线)"),
    ),
    (("vrm_overheating",), Words(r"vrms?|voltage regulators?", "调压|vrm")),
    (("dimm_overheating",), Words(r"dimms?|memory|ram", "内存")),
    (("gpu_lost",), Words(r"gpu (?:lost|missing|gone)|off the bus|xid", "gpu ?掉线|掉卡")),
    (("gpu_overheating", "gpu_lost"), Words(r"gpus?\d*|graphics cards?", "显卡|gpu")),
    (("chilled_water_loss",), Words(r"chilled water|chillers?|pumps?", "冷冻水|冷机|水泵")),
    (
        ("cooling_unit_failure", "chilled_water_loss", "recirculation"),
        Words(r"cooling|cracs?|crahs?|air ?con\w*|room|hvac", "空调|机房|制冷"),
    ),
    (("recirculation",), Words(r"recirculat\w+|hot air|containment|blanking", "回流|热风|盲板")),
    (("overcooling",), Words(r"overcool\w*|too cold", "过冷|过度制冷")),
    (("humidity",), Words(r"humid\w*|dew", "湿度|露点")),
    (("phase_imbalance",), Words(r"phases?|phase imbalance", "三相|相不平衡")),
    (("ups_on_battery",), Words(r"ups|batter(?:y|ies)|mains", "电池|市电")),
    (("feed_loss",), Words(r"feeds?|pdus?|breakers?|outlets?", "支路|断路器|供电")),
    (("sensor_stuck",), Words(r"stuck|frozen", "卡死")),
    (("sensor_drift",), Words(r"drift\w*", "漂移")),
    (("sensor_spike",), Words(r"spikes?|glitch\w*", "尖峰|毛刺")),
    (("sensor_dropout",), Words(r"drop(?:ped)? ?outs?", "丢失")),
    (("unit_change",), Words(r"units? chang\w*|change of unit|fahrenheit", "单位")),
    (
        ("sensor_stuck", "sensor_drift", "sensor_dropout", "sensor_spike"),
        Words(r"sensors?|bmc|meters?", "传感器|误测"),
    ),
    (("clock_skew",), Words(r"clocks?|time ?zone|ntp", "时钟|时区")),
    (("abnormal_load",), Words(r"crypto\w*|mining|miners?|malware|(?:work)?load", "挖矿|负载")),
    (("idle_server",), Words(r"idle|zombie", "闲置")),
    (("collector_silent",), Words(r"collectors?", "采集")),
    (("stream_silent",), Words(r"streams?|kafka|topics?|brokers?|producers?", "数据流")),
    (
        ("host_silent",),
        Words(r"network|unreachable|offline|silent|(?:switched|powered) off", "网络|离线|关机"),
    ),
    (("cpu_throttling", "heatsink_degradation"), Words(r"cpus?\d*|processors?", "处理器|cpu")),
)
