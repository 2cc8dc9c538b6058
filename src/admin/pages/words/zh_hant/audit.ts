/**
 * The audit log, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { audit as english } from "../en/audit.ts";

/** See the module. */
export const audit: Catalogue<typeof english> = {
  "audit.about": "誰登入、誰變更了什麼、來自何處；最新的在前",
  "audit.lines": "項目",
  "audit.who": "使用者或位址",
  "audit.what": "動作、對象或詳細資料",
  "audit.outcome": "結果",
  "audit.all": "全部",
  "audit.done": "已完成",
  "audit.refused": "已拒絕",
  "audit.since": "從",
  "audit.until": "到",
  "audit.time": "時間",
  "audit.user": "使用者",
  "audit.from": "位址",
  "audit.via": "方式",
  "audit.via.session": "密碼",
  "audit.via.token": "API 權杖",
  "audit.via.certificate": "憑證",
  "audit.via.control": "命令列",
  "audit.action": "動作",
  "audit.target": "對象",
  "audit.detail": "詳細資料",
  "audit.none": "找不到任何項目",
  "audit.none_yet": "目前尚未找到任何項目",
  "audit.none_about": "請減少條件或拉長時間範圍。保留多少記錄由記錄設定決定。",
};
