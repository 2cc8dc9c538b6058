/**
 * One's own account, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { account as english } from "../en/account.ts";

/** See the module. */
export const account: Catalogue<typeof english> = {
  "account.about": "您是 {user}（{role}）",
  "account.password": "密碼",
  "account.present": "目前的密碼",
  "account.fresh": "新密碼，至少 {count} 個字元",
  "account.again": "再次輸入新密碼",
  "account.differs": "與上方不同",
  "account.change": "變更密碼",
  "account.changed": "密碼已變更，其他工作階段已結束。",
  "account.factor": "雙重驗證",
  "account.factor_off": "已關閉。開啟後，登入時還需要驗證器應用程式顯示的驗證碼。",
  "account.factor_on": "自 {time} 起開啟；剩餘 {count} 個復原碼。",
  "account.factor_begin": "開啟",
  "account.factor_remove": "關閉",
  "account.factor_removed": "雙重驗證已關閉。",
  "account.scan": "請用驗證器應用程式掃描，或輸入金鑰，然後輸入應用程式顯示的驗證碼。",
  "account.qr": "金鑰的 QR 碼",
  "account.secret": "金鑰",
  "account.code": "驗證碼",
  "account.confirm": "確認",
  "account.codes": "復原碼",
  "account.codes_about": "應用程式遺失時，每個復原碼可登入一次。僅顯示這一次，請妥善保存。",
  "account.done": "雙重驗證已開啟。",
  "account.sessions": "工作階段",
  "account.from": "來源",
  "account.began": "開始時間",
  "account.used": "上次使用",
  "account.this": "目前這個",
  "account.end": "結束",
  "account.ended": "工作階段已結束。",
};
