/**
 * Tables that are read from the top: host access table, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { hat as english } from "../en/hat.ts";

/** See the module. */
export const hat: Catalogue<typeof english> = {
  "order.place": "顺序",
  "order.drag": "将 {name} 拖动到其他位置",
  "order.up": "将 {name} 上移",
  "order.down": "将 {name} 下移",
  "order.changed": "此行已不存在。下方为当前的表。",
  "order.listener": "侦听程序",
  "order.no_listener": "尚无侦听程序",
  "order.comment": "注释",
  "hat.about": "针对每个连接方：由第一个匹配的发件人组决定邮件流策略",
  "hat.groups": "发件人组",
  "hat.group": "发件人组",
  "hat.senders": "发件人",
  "hat.policy": "邮件流策略",
  "hat.add": "添加发件人组",
  "hat.one": "发件人组 {name}",
  "hat.ask": "要删除发件人组 {name} 吗？",
  "hat.order": "自上而下匹配，以 ALL 结尾。可拖动各行或使用箭头按钮。",
  "hat.none": "配置文件中没有此侦听程序的表：所有发件人都适用 default 策略。",
  "hat.of_listener": "属于侦听程序 {listener}",
  "hat.members": "成员",
  "hat.senders.hint":
    "每行一个；# 之后为注释。可用格式：IP 地址、CIDR、范围 a-b、IPv4 地址的前段（10.0.）、主机名、.domain、dnslist[zone]、dnslist[zone, 127.0.0.2, 127.0.0.4-127.0.0.8]、certificate[name] 或 ALL。",
  "hat.conditions": "此外，DNS 名称有以下情形的主机",
  "hat.condition.no_ptr": "不存在（无 PTR）",
  "hat.condition.ptr_lookup_failed": "目前无法查询",
  "hat.condition.ptr_mismatch": "未指回其地址",
};
