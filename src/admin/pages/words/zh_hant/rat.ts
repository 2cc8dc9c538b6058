/**
 * Recipient access table, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { rat as english } from "../en/rat.ts";

/** See the module. */
export const rat: Catalogue<typeof english> = {
  "rat.about": "接受哪些收件者的郵件：由第一個相符的列決定",
  "rat.recipients": "收件者",
  "rat.address": "收件者",
  "rat.address.hint": "domain、.domain（其子網域）、user@、user@domain、[IP 位址] 或 ALL。",
  "rat.action": "動作",
  "rat.accept": "接受",
  "rat.reject": "拒絕",
  "rat.add": "新增收件者",
  "rat.one": "收件者 {name}",
  "rat.ask": "要刪除 {name} 這一列嗎？",
  "rat.filter": "收件者或註解包含",
  "rat.empty": "表格中沒有任何列",
  "rat.no_match": "沒有相符的列",
  "rat.order": "由上而下比對。可拖曳各列或使用箭頭按鈕。",
  "rat.all_taken": "組態檔案中沒有此接聽程式的表格，且其並非公用：接受所有收件者。",
  "rat.all_rejected": "由上而下比對。不在表格中的收件者一律拒絕。",
  "rat.accepting": "接受時",
  "rat.rejecting": "拒絕時",
  "rat.bypass": "略過收件者驗證",
  "rat.bypass.hint": "不查詢目錄或下一個躍點。",
  "rat.code.hint": "400 至 599。留空：550。",
  "rat.text.hint": "前方可加增強代碼。留空：說明位址遭拒。",
};
