/**
 * Tables that are read from the top: host access table, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { hat as english } from "../en/hat.ts";

/** See the module. */
export const hat: Catalogue<typeof english> = {
  "order.place": "順序",
  "order.drag": "將 {name} 拖曳到其他位置",
  "order.up": "將 {name} 上移",
  "order.down": "將 {name} 下移",
  "order.changed": "此列已不存在。下方為目前的表格。",
  "order.listener": "接聽程式",
  "order.no_listener": "尚無接聽程式",
  "order.comment": "註解",
  "hat.about": "針對每個連線方：由第一個相符的寄件者群組決定郵件流程原則",
  "hat.groups": "寄件者群組",
  "hat.group": "寄件者群組",
  "hat.senders": "寄件者",
  "hat.policy": "郵件流程原則",
  "hat.add": "新增寄件者群組",
  "hat.one": "寄件者群組 {name}",
  "hat.ask": "要刪除寄件者群組 {name} 嗎？",
  "hat.order": "由上而下比對，以 ALL 結尾。可拖曳各列或使用箭頭按鈕。",
  "hat.none": "組態檔案中沒有此接聽程式的表格：所有寄件者都適用 default 原則。",
  "hat.of_listener": "屬於接聽程式 {listener}",
  "hat.members": "成員",
  "hat.senders.hint":
    "每行一個；# 之後為註解。可用格式：IP 位址、CIDR、範圍 a-b、IPv4 位址的前段（10.0.）、主機名稱、.domain、dnslist[zone]、dnslist[zone, 127.0.0.2, 127.0.0.4-127.0.0.8]、certificate[name] 或 ALL。",
  "hat.conditions": "此外，DNS 名稱有以下情形的主機",
  "hat.condition.no_ptr": "不存在（無 PTR）",
  "hat.condition.ptr_lookup_failed": "目前無法查詢",
  "hat.condition.ptr_mismatch": "未指回其位址",
};
