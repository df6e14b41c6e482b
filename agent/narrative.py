"""An incident in a few sentences, in English and in Chinese."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.alert import UNKNOWN, Alert
from agent.report.words import say_fault, say_number, say_time, say_unit
from agent.scored import NOT_KNOWN

MOST_EVIDENCE = 3
MOST_HOSTS = 5

SCOPES_ZH = {"rack": "机柜", "collector": "采集源", "stream": "数据流"}
# Fault → its Chinese name and what a person does first.
CHINESE: dict[str, tuple[str, str]] = {
    "fan_failure": ("风扇停转", "用 ipmitool 确认风扇状态，检查剩余风扇和 CPU 温度余量"),
    "fan_degradation": ("风扇老化", "订购备件，在维护窗口更换"),
    "airflow_blockage": ("风道堵塞", "检查面板、滤网、线缆和盲板"),
    "heatsink_degradation": ("散热器性能下降", "检查降频计数，重新安装散热器"),
    "cpu_throttling": ("CPU 降频", "查找原因并降低负载"),
    "power_cap": ("功率封顶", "确认功率策略"),
    "psu_failure": ("电源故障", "先检查电源输入和 PDU 插口"),
    "psu_efficiency": ("电源效率下降", "核对电表"),
    "psu_imbalance": ("电源均流失衡", "检查均流总线"),
    "vrm_overheating": ("VRM 过热", "检查导风罩和负载"),
    "dimm_overheating": ("内存过热", "检查导风罩，重新插拔内存"),
    "gpu_overheating": ("GPU 过热", "迁移任务，检查气流或水泵"),
    "gpu_lost": ("GPU 掉线", "迁移任务，检查 nvidia-smi 和 dmesg"),
    "cooling_unit_failure": ("空调机组故障", "启动备用机组"),
    "chilled_water_loss": ("冷冻水中断", "检查冷机、水泵和阀门"),
    "recirculation": ("热风回流", "检查盲板和通道门"),
    "overcooling": ("过度制冷", "逐步提高设定温度"),
    "humidity": ("湿度超限", "检查加湿和除湿设备"),
    "feed_loss": ("供电支路中断", "检查断路器、UPS 和切换开关，不要操作另一路"),
    "phase_imbalance": ("三相不平衡", "在各相之间调整电源"),
    "ups_on_battery": ("UPS 电池供电", "检查发电机和剩余时间"),
    "sensor_stuck": ("传感器卡死", "重启 BMC"),
    "sensor_drift": ("传感器漂移", "校准或更换传感器"),
    "sensor_spike": ("传感器尖峰", "无需处理，除非再次出现"),
    "sensor_dropout": ("传感器无数据", "检查 BMC 是否仍列出该传感器"),
    "clock_skew": ("时钟偏差", "校正 BMC 时间源"),
    "unit_change": ("单位变化", "检查固件和采集器变更"),
    "abnormal_load": ("异常负载", "移交安全团队"),
    "idle_server": ("闲置服务器", "联系负责人"),
    "host_silent": ("主机无数据", "检查主机供电、BMC 和网络"),
    "collector_silent": ("采集器无数据", "检查这些主机共用的采集器和网络"),
    "stream_silent": ("数据流中断", "检查生产者、主题和 broker"),
    "unknown": ("未知异常", "将所列传感器与平时数值对比"),
}


MEASURED_ZH: tuple[tuple[str, str], ...] = (
    (r"fan(\w+)_(?:rpm|pct)", "风扇 {}"),
    (r"cpu(\d+)_temp_c", "CPU {} 温度"),
    (r"cpu(\d+)_margin_c", "CPU {} 温度裕量"),
    (r"gpu(\d+)_temp_c", "GPU {} 温度"),
    (r"gpu(\d+)_power_w", "GPU {} 功率"),
    (r"psu(\w+?)_in_w", "电源 {} 输入功率"),
    (r"psu(\w+?)_out_w", "电源 {} 输出功率"),
    (r"psu(\w+?)_vin", "电源 {} 输入电压"),
    (r"dimm_(\w+)_temp_c", "内存 {} 温度"),
    (r"inlet_temp_c", "进风温度"),
    (r"exhaust_temp_c", "出风温度"),
    (r"power_w", "整机功率"),
    (r"cpu_util", "CPU 利用率"),
)


def summarize_english(
    fault: str, scope: str, place: str, hosts: Sequence[str], lead: Alert, ended_ns: int
) -> str:
    """What, where, since when, why, what to do first; the lead alert tells it."""
    several = len(hosts) > 1
    where = f"{_list(hosts)} ({len(hosts)} hosts)" if several and scope == "host" else place
    if several and scope != "host":
        where = f"{len(hosts):,} hosts of {scope} {place} ({_list(hosts)})"
    what = "Unusual behaviour" if fault == UNKNOWN else say_fault(fault)
    text = f"{what} on {where} since {say_time(lead.onset_ns)} UTC."
    if scope == "collector":  # its alert names the hosts and their place
        text = f"{what} since {say_time(lead.onset_ns)} UTC. {_sentence(lead.diagnosis)}"
    elif several:
        text += f" The clearest of them: {_sentence(lead.diagnosis)}"
    else:
        text += f" {_sentence(lead.diagnosis)}"
    if ended_ns:
        return f"{text} It ended at {say_time(ended_ns)} UTC."
    return f"{text} First: {_sentence(lead.actions[0])}" if lead.actions else text


def say_together(hosts: Sequence[str], source: str, racks: Sequence[str]) -> str:
    """That hosts fell silent together, and what may be down; `racks` where they are whole ones."""
    who = f"{len(hosts):,} hosts ({_list(hosts)})"
    what = "the collector, network or power that they share is down"
    if racks:
        few = " and ".join(racks) if len(racks) <= 2 else _list(racks)
        who = f"All {len(hosts):,} hosts of rack{'s' * (len(racks) > 1)} {few} ({_list(hosts)})"
        what = f"the collector, switch or power of {'the rack' if len(racks) == 1 else 'these racks'} is down"
    return f"{who} fell silent together while {source} goes on: {what}."


def say_back(hosts: Sequence[str], silent: Sequence[str]) -> str:
    """How many of the hosts that fell silent are back, and which are not; "" while none is."""
    if not silent:
        return "All are back."
    back = len(hosts) - len(silent)
    if not back:
        return ""
    return (
        f"{back:,} of {len(hosts):,} {'is' if back == 1 else 'are'} back; "
        f"{len(silent):,} {'is' if len(silent) == 1 else 'are'} still silent ({_list(silent)})."
    )


def summarize_chinese(
    fault: str,
    scope: str,
    place: str,
    hosts: Sequence[str],
    lead: Alert,
    ended_ns: int,
    silent: Sequence[str] = (),
) -> str:
    """The same in Chinese; names of hosts and numbers stay as they are. `silent` are a collector's hosts that
    are not back."""
    name, first = CHINESE.get(fault, CHINESE["unknown"])
    where = f"{_list(hosts, '、')} 共 {len(hosts)} 台主机" if len(hosts) > 1 else place
    if len(hosts) > 1 and scope != "host":
        word = SCOPES_ZH.get("rack" if scope == "collector" and place == lead.rack else scope, "")
        where = f"{word} {place} 的 {len(hosts):,} 台主机（{_list(hosts, '、')}）"
    where += " " if where[-1:].isascii() else ""
    text = f"{where}自 {say_time(lead.onset_ns)}（UTC）起出现{name}，级别 {lead.severity}。"
    if scope == "collector":
        text += f"这些主机同时失去数据，应为其共用的采集器、网络或供电中断。{_say_back_zh(hosts, silent)}"
    else:
        seen = [e for e in lead.evidence if e.says == "for"][:MOST_EVIDENCE]
        if seen:
            text += f"依据：{'；'.join(_say_seen(e.sensor, e.unit, e.seen, e.expected) for e in seen)}。"
    return f"{text}已于 {say_time(ended_ns)}（UTC）结束。" if ended_ns else f"{text}首先：{first}。"


def _say_back_zh(hosts: Sequence[str], silent: Sequence[str]) -> str:
    if not silent or len(silent) == len(hosts):
        return ""
    back = len(hosts) - len(silent)
    return f"其中 {back:,} 台已恢复，仍有 {len(silent):,} 台无数据（{_list(silent, '、')}）。"


def say_sensor_zh(sensor: str) -> str:
    """The sensor in Chinese words; one that has none keeps its name."""
    for pattern, words in MEASURED_ZH:
        if match := re.fullmatch(pattern, sensor):
            return words.format(*(part.upper() for part in match.groups()))
    return sensor


def _say_seen(sensor: str, unit: str, seen: float, expected: float) -> str:
    value = f"{say_number(seen)} {say_unit(unit)}".rstrip() if seen != NOT_KNOWN else "无数据"
    usual = (
        f"（正常值 {say_number(expected)} {say_unit(unit)}".rstrip() + "）" if expected != NOT_KNOWN else ""
    )
    return f"{say_sensor_zh(sensor)}：{value}{usual}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _list(hosts: Sequence[str], joint: str = ", ") -> str:
    more = f"{joint}+{len(hosts) - MOST_HOSTS:,}" if len(hosts) > MOST_HOSTS else ""
    return joint.join(hosts[:MOST_HOSTS]) + more
