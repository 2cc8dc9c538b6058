/**
 * Login and set-up, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { entrance as english } from "../en/entrance.ts";

/** See the module. */
export const entrance: Catalogue<typeof english> = {
  "entrance.login": "登入",
  "entrance.user": "使用者",
  "entrance.password": "密碼",
  "entrance.code": "驗證碼（若已啟用雙重驗證）",
  "entrance.no_user": "尚無使用者。請開啟設定連結：在閘道主機上執行 postern setup-link 即可取得。",
  "entrance.certificate": "使用憑證登入",
  "entrance.setup": "第一位管理員",
  "entrance.setup.about": "此連結僅能使用一次。之後請在管理頁面建立使用者。",
  "entrance.new_password": "密碼，至少 {count} 個字元",
  "entrance.again": "再次輸入密碼",
  "entrance.make": "建立管理員",
  "entrance.there_is": "已有管理員。",
};
