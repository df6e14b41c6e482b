"""Each fault's name, first actions and what to leave alone, in English and in Chinese.

The catalogue itself is agent/faults.py.

`actions_zh` are the `actions` of the same fault in the same order.
"""

from __future__ import annotations

from typing import NamedTuple

from agent.faults import FAULTS


class FaultWords(NamedTuple):
    """What is said of one class. `avoid_*` is what makes this fault worse, or hides its cause."""

    name_en: str
    name_zh: str
    actions_zh: tuple[str, ...]
    avoid_en: str
    avoid_zh: str


FAULT_WORDS: dict[str, FaultWords] = {
    "fan_failure": FaultWords(
        "Fan failure",
        "风扇停转",
        (
            "用 `ipmitool sdr type fan` 和事件日志确认",
            "检查剩余风扇，以及 CPU 距温度上限的余量",
            "若 CPU 距上限不足 5 K：迁移负载或限制功率",
            "保持机盖关闭更换风扇，60 秒内确认转速恢复",
        ),
        "Do not open the lid or pull a second fan while the host runs: air would bypass the hot parts",
        "运行中不要开盖，也不要再拔第二个风扇，否则气流会绕过发热部件",
    ),
    "fan_degradation": FaultWords(
        "Fan degradation",
        "风扇老化",
        ("订购备用风扇", "在下一个维护窗口更换"),
        "Do not pull the fan at full load, nor mix fan models",
        "满载时不要拔出风扇，也不要混用不同型号",
    ),
    "airflow_blockage": FaultWords(
        "Airflow blockage",
        "风道堵塞",
        ("检查面板、滤网、线缆和盲板", "清洁"),
        "Do not lower the room's set point for one blocked host, nor blow dust off while it runs",
        "不要为一台堵塞的主机降低机房设定温度，也不要在运行中吹灰",
    ),
    "heatsink_degradation": FaultWords(
        "Heatsink degradation",
        "散热器性能下降",
        ("检查 CPU 降频计数", "更换导热膏并重新安装散热器"),
        "Do not touch the heatsink before the host is drained and off",
        "迁移负载并断电之前不要触碰散热器",
    ),
    "cpu_throttling": FaultWords(
        "CPU throttling",
        "CPU 降频",
        ("查找原因：风扇、气流、散热器或进风", "降低负载"),
        "Do not disable throttling or raise its limit: it protects the CPU",
        "不要关闭降频保护或提高其阈值",
    ),
    "power_cap": FaultWords(
        "Power cap",
        "功率封顶",
        ("确认功率策略", "提高上限或迁移负载"),
        "Do not lift the cap before the headroom of feed and breaker is known",
        "未确认供电支路和断路器余量之前不要提高上限",
    ),
    "psu_failure": FaultWords(
        "PSU failure",
        "电源故障",
        (
            "检查该电源的输入和 PDU 插口：多台主机同时出现说明支路断电",
            "冗余丢失期间不要操作另一路供电",
            "重新插拔该电源，再考虑更换",
        ),
        "Do not touch the working supply, its cord or its feed: the host hangs on it",
        "不要触碰正常的电源、电源线及其支路，主机正靠它供电",
    ),
    "psu_efficiency": FaultWords(
        "PSU efficiency loss",
        "电源效率下降",
        ("核对电表", "更换该电源"),
        "Do not pull the supply before its twin is shown to carry the load",
        "确认另一电源能承担全部负载之前不要拔出该电源",
    ),
    "psu_imbalance": FaultWords(
        "PSU imbalance",
        "电源均流失衡",
        ("检查均流总线", "检查电源固件"),
        "Do not pull or update one supply before the other is known to be healthy",
        "确认另一电源正常之前不要拔出或升级任何一个电源",
    ),
    "vrm_overheating": FaultWords(
        "VRM overheating",
        "VRM 过热",
        ("检查导风罩和负载", "更换主板"),
        "Do not raise power limits, nor run the host without its baffle",
        "不要提高功率上限，也不要在缺少导风罩时运行",
    ),
    "dimm_overheating": FaultWords(
        "DIMM overheating",
        "内存过热",
        ("检查导风罩", "重新插拔内存", "降低内存负载"),
        "Do not reseat a DIMM while the host is powered",
        "主机通电时不要插拔内存",
    ),
    "gpu_overheating": FaultWords(
        "GPU overheating",
        "GPU 过热",
        ("迁移该 GPU 的任务", "检查其气流或水泵", "更换导热膏"),
        "Do not raise the GPU's power or temperature limit, nor restart jobs before it is cool",
        "不要提高 GPU 的功率或温度上限，降温之前不要重启任务",
    ),
    "gpu_lost": FaultWords(
        "GPU lost",
        "GPU 掉线",
        ("迁移主机上的任务", "在 `nvidia-smi` 和 `dmesg` 中查找 XID", "断电重启，再重新插拔 GPU"),
        "Do not reset or reseat it while jobs run on the other GPUs",
        "其他 GPU 仍有任务时不要复位或插拔",
    ),
    "cooling_unit_failure": FaultWords(
        "Cooling unit failure",
        "空调机组故障",
        ("启动备用机组", "按预案打开门", "按优先级减载"),
        "Do not switch off the other units, nor open the containment without a plan",
        "不要关闭其他机组，没有预案不要打开通道封闭",
    ),
    "chilled_water_loss": FaultWords(
        "Chilled water loss",
        "冷冻水中断",
        ("检查冷机、水泵和阀门", "制定减载计划"),
        "Do not restart chillers in quick succession, nor close valves before the cause is known",
        "不要反复快速重启冷机，原因未明之前不要关阀",
    ),
    "recirculation": FaultWords(
        "Hot air recirculation",
        "热风回流",
        ("检查盲板和通道门", "检查地板砖和毛刷条"),
        "Do not lower the supply set point to hide it: the leak stays",
        "不要靠降低送风温度来掩盖，漏风依然存在",
    ),
    "overcooling": FaultWords(
        "Overcooling",
        "过度制冷",
        ("小步提高设定温度",),
        "Do not switch units off to warm up, nor raise the set point by more than 1 K at a time",
        "不要靠停机组升温，每次提高不要超过 1 K",
    ),
    "humidity": FaultWords(
        "Humidity out of range",
        "湿度超限",
        ("检查加湿机和除湿机", "检查新风阀"),
        "Do not humidify or dry in large steps: condensation does more harm",
        "不要大幅加湿或除湿，结露危害更大",
    ),
    "feed_loss": FaultWords(
        "Feed loss",
        "供电支路中断",
        ("检查断路器、UPS 和切换开关", "不要操作另一路", "确认另一路负载 ≤ 80 %"),
        "Do not touch the other feed, nor reset the breaker before the cause is known",
        "不要操作另一路，原因未明之前不要合闸",
    ),
    "phase_imbalance": FaultWords(
        "Phase imbalance",
        "三相不平衡",
        ("在各相之间调整电源，并保持两路分开",),
        "Do not move both cords of a host at once, nor add load to the highest phase",
        "不要同时移动一台主机的两根电源线，也不要给最高的一相加载",
    ),
    "ups_on_battery": FaultWords(
        "Battery operation",
        "UPS 电池供电",
        ("检查发电机", "检查剩余供电时间"),
        "Do not switch the UPS to bypass, nor add load while it is on battery",
        "电池供电期间不要切旁路，也不要加载",
    ),
    "sensor_stuck": FaultWords(
        "Stuck sensor",
        "传感器卡死",
        ("重启 BMC", "不要依赖该传感器"),
        "Do not act on this sensor's values, nor power cycle the host for it",
        "不要依据该传感器操作，也不要为此给主机断电",
    ),
    "sensor_drift": FaultWords(
        "Drifting sensor",
        "传感器漂移",
        ("校准或更换该传感器",),
        "Do not adjust set points or fans by this sensor",
        "不要依据该传感器调整设定温度或风扇",
    ),
    "sensor_spike": FaultWords(
        "Sensor spike",
        "传感器尖峰",
        ("无需处理，除非再次出现",),
        "Do not replace parts for a single reading",
        "不要因单次读数更换部件",
    ),
    "sensor_dropout": FaultWords(
        "Sensor dropout",
        "传感器无数据",
        ("检查 BMC 是否仍列出该传感器", "重启 BMC"),
        "Do not take a missing value for a good one, nor power cycle the host for it",
        "不要把缺失当作正常，也不要为此给主机断电",
    ),
    "clock_skew": FaultWords(
        "Clock skew",
        "时钟偏差",
        ("设置该主机 BMC 的时间源",),
        "Do not compare this host's times with others' until its clock is right",
        "时钟校正之前不要拿该主机的时间与其他主机对比",
    ),
    "unit_change": FaultWords(
        "Unit change",
        "单位变化",
        ("检查当时的固件和采集器变更",),
        "Do not fit thresholds to the new values before the unit is settled",
        "单位确定之前不要按新数值修改阈值",
    ),
    "abnormal_load": FaultWords(
        "Abnormal load",
        "异常负载",
        ("移交安全团队", "终止任何进程之前先做快照"),
        "Do not kill processes or reboot before security has its snapshot",
        "安全团队取得快照之前不要结束进程或重启",
    ),
    "idle_server": FaultWords(
        "Idle server",
        "闲置服务器",
        ("联系负责人", "下线"),
        "Do not switch it off before its owner agrees",
        "负责人同意之前不要关机",
    ),
    "host_silent": FaultWords(
        "Silent host",
        "主机无数据",
        ("检查主机是否有电", "检查其 BMC 和网络", "检查其采集器"),
        "Do not power cycle it before its console shows that it is down: it may only be unreachable",
        "控制台确认宕机之前不要断电重启，可能只是网络不通",
    ),
    "collector_silent": FaultWords(
        "Silent collector",
        "采集器无数据",
        ("检查这些主机共用的采集器", "检查其间的网络"),
        "Do not restart the hosts: most likely they run and only their data is missing",
        "不要重启这些主机，它们很可能正常运行，只是没有数据",
    ),
    "stream_silent": FaultWords(
        "Silent stream",
        "数据流中断",
        ("检查生产者", "检查主题及其 broker"),
        "Do not reset offsets or delete the topic: what is in it is not lost",
        "不要重置偏移量或删除主题，其中的数据并未丢失",
    ),
    "unknown": FaultWords(
        "Unusual behaviour",
        "未知异常",
        ("将所列传感器与平时数值对比", "检查异常开始时有何变更"),
        "Do not replace parts on the score alone",
        "不要仅凭评分更换部件",
    ),
}

# Actions that are of no fault in particular.
_OTHER_ACTIONS_ZH = {
    "Check which cable goes where, and the BMC's sensor table after a firmware update": (
        "核对线缆接法，以及固件升级后 BMC 的传感器表"
    ),
}
ACTIONS_ZH: dict[str, str] = _OTHER_ACTIONS_ZH | {
    action: chinese
    for fault, words in FAULT_WORDS.items()
    for action, chinese in zip(FAULTS[fault].actions, words.actions_zh, strict=False)
}


def words_of(fault: str) -> FaultWords:
    """The words of a fault; those of `unknown` for one that this version does not know."""
    return FAULT_WORDS.get(fault, FAULT_WORDS["unknown"])
