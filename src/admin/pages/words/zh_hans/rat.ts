/**
 * Recipient access table, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { rat as english } from "../en/rat.ts";

/** See the module. */
export const rat: Catalogue<typeof english> = {
  "rat.about": "接受哪些收件人的邮件：由第一个匹配的行决定",
  "rat.recipients": "收件人",
  "rat.address": "收件人",
  "rat.address.hint": "domain、.domain（其子域）、user@、user@domain、[IP 地址] 或 ALL。",
  "rat.action": "操作",
  "rat.accept": "接受",
  "rat.reject": "拒绝",
  "rat.add": "添加收件人",
  "rat.one": "收件人 {name}",
  "rat.ask": "要删除 {name} 这一行吗？",
  "rat.filter": "收件人或注释包含",
  "rat.empty": "表中没有任何行",
  "rat.no_match": "没有匹配的行",
  "rat.order": "自上而下匹配。可拖动各行或使用箭头按钮。",
  "rat.all_taken": "配置文件中没有此侦听程序的表，且其并非公共：接受所有收件人。",
  "rat.all_rejected": "自上而下匹配。不在表中的收件人一律拒绝。",
  "rat.accepting": "接受时",
  "rat.rejecting": "拒绝时",
  "rat.bypass": "绕过收件人验证",
  "rat.bypass.hint": "不查询目录或下一跳。",
  "rat.code.hint": "400 至 599。留空：550。",
  "rat.text.hint": "前面可加增强代码。留空：说明地址被拒。",
};
